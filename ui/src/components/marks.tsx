// Findings where they belong: a mark that says in words, on focus or hover, what is odd about what it stands beside.
import { useId, useRef } from 'preact/hooks';
import { codeOf, isInvisible, pieces } from '../base/oddities';
import type { Finding } from '../base/types';
import { t, word } from '../i18n';

const GAP = 6; // pixels between a mark and its words, and between those and the window's edge

function stand(words: HTMLElement, beside: DOMRect): void {
  const { width, height } = words.getBoundingClientRect();
  const below = beside.bottom + GAP + height <= innerHeight;
  words.style.left = `${Math.max(GAP, Math.min(beside.left, innerWidth - width - GAP))}px`;
  words.style.top = `${below ? beside.bottom + GAP : Math.max(GAP, beside.top - GAP - height)}px`;
}

/** Nothing, when nothing was found. */
export function Marks({ findings }: { findings: Finding[] }) {
  const id = useId();
  const words = useRef<HTMLDivElement>(null);
  if (!findings.length) return null;
  const show = (event: Event) => {
    const mark = event.currentTarget as HTMLElement;
    if (!words.current || words.current.matches(':popover-open')) return;
    words.current.showPopover();
    stand(words.current, mark.getBoundingClientRect());
  };
  const hide = (): boolean => {
    const open = words.current?.matches(':popover-open') ?? false;
    if (open) words.current!.hidePopover();
    return open;
  };
  return (
    <span class="finding">
      <button type="button" class="finding-mark" aria-label={t('message.mark', { n: findings.length })} aria-describedby={id}
        onFocus={show} onMouseEnter={show} onClick={show} onBlur={hide} onMouseLeave={hide}
        onKeyDown={(event) => { if (event.key === 'Escape' && hide()) event.stopPropagation(); }}>!</button>
      <div ref={words} id={id} role="tooltip" class="finding-words" popover="manual">
        {findings.map((one, i) => <p key={i}>{one.detail}</p>)}
      </div>
    </span>
  );
}

/** Text of strangers: what is not what it seems is marked, and what cannot be seen is written out. */
export function Strange({ text }: { text: string | null | undefined }) {
  return (
    <>
      {pieces(text ?? '').map(({ text: piece, odd }, i) => !odd ? piece
        : <mark key={i} class="odd" title={isInvisible(odd) ? `${codeOf(piece)}: ${word('odd', odd)}` : word('odd', odd)}>{isInvisible(odd) ? codeOf(piece) : piece}</mark>)}
    </>
  );
}
