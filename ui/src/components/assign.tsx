// Who works on something: found by typing part of the name, chosen by the arrows.
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { session } from '../base/api';
import { askPeople, people } from '../base/people';
import { t } from '../i18n';
import { Note } from './basics';
import { Dialog } from './dialog';

interface Choice {
  name: string | null;
  words: string;
  more: string;
}

const folded = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase();

export function AssignDialog({ assignee, onChoose, onClose }: { assignee: string | null; onChoose: (name: string | null) => void; onClose: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  useEffect(askPeople, []);
  const me = session.value!.user.name;
  const wanted = folded(text.trim());
  const some = people.value
    .filter((one) => one.active && (folded(one.name).includes(wanted) || folded(one.display_name ?? '').includes(wanted)))
    .sort((a, b) => Number(b.name === me) - Number(a.name === me) || (a.display_name ?? a.name).localeCompare(b.display_name ?? b.name));
  const choices: Choice[] = [
    ...(assignee && !wanted ? [{ name: null, words: t('assign.nobody'), more: '' }] : []),
    ...some.map((one) => ({ name: one.name, words: one.display_name || one.name, more: [one.display_name ? one.name : '', one.name === me ? t('assign.you') : ''].filter(Boolean).join(' · ') })),
  ];
  const cursor = Math.min(at, choices.length - 1);
  useEffect(() => {
    list.current?.children[cursor]?.scrollIntoView({ block: 'nearest' });
  }, [cursor]);

  function choose(choice: Choice | undefined): void {
    if (!choice) return;
    onChoose(choice.name);
    onClose();
  }
  function press(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key === 'Enter') choose(choices[cursor]);
    else if (step) setAt(Math.max(0, Math.min(choices.length - 1, cursor + step)));
    else return;
    event.preventDefault();
  }
  return (
    <Dialog title={t('assign.title')} onClose={onClose}>
      <div class="stack">
        <input class="input" role="combobox" aria-label={t('assign.find')} placeholder={t('assign.find')} aria-expanded="true" aria-autocomplete="list" aria-controls={id} autocomplete="off" autofocus
          aria-activedescendant={choices.length ? `${id}-${cursor}` : undefined} value={text} onInput={(event) => { setText(event.currentTarget.value); setAt(0); }} onKeyDown={press} />
        {choices.length === 0 && <Note>{t('assign.none')}</Note>}
        <div class="list-box" role="listbox" id={id} aria-label={t('assign.title')} ref={list}>
          {choices.map((choice, i) => (
            <div key={choice.name ?? ''} id={`${id}-${i}`} class="choice" role="option" aria-selected={i === cursor} onClick={() => choose(choice)}>
              <span>{choice.words}</span>{choice.more && <span class="soft"> {choice.more}</span>}{choice.name === assignee && <span class="soft"> ✓</span>}
            </div>
          ))}
        </div>
      </div>
    </Dialog>
  );
}
