// A filter as text, with what it may go on with below it: the arrows choose, Tab or Enter takes, Escape leaves.
import type { RefObject } from 'preact';
import { useId, useState } from 'preact/hooks';
import { suggest, type Suggestion, type Terms, type Wrong } from '../base/filter';
import { t } from '../i18n';

const SHOWN = 12;

interface Props {
  input: RefObject<HTMLInputElement | null>;
  label: string;
  placeholder: string;
  value: string;
  terms: Terms;
  wrong: Wrong[];
  more?: Record<string, Suggestion[]>;
  onInput: (value: string) => void;
  onSubmit: (value: string) => void;
}

export function FilterInput({ input, label, placeholder, value, terms, wrong, more, onInput, onSubmit }: Props) {
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const id = useId();
  const caret = input.current?.selectionStart ?? value.length;
  const { from, some } = open ? suggest(value, Math.min(caret, value.length), terms, more) : { from: 0, some: [] };
  const shown = some.slice(0, SHOWN);

  function take(one: Suggestion): void {
    const before = value.slice(0, from) + one.text + (one.text.endsWith(':') || one.text.endsWith('=') ? '' : ' ');
    const next = before + value.slice(caret).trimStart();
    onInput(next);
    setAt(-1);
    const element = input.current;
    if (!element) return;
    element.value = next;
    element.setSelectionRange(before.length, before.length);
    element.focus();
  }
  function press(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step && !open) setOpen(true);
    else if (step && shown.length) setAt((at + step + shown.length + (at < 0 && step < 0 ? 1 : 0)) % shown.length);
    else if ((event.key === 'Enter' || event.key === 'Tab') && shown[at]) take(shown[at]);
    else if (event.key === 'Enter') {
      setOpen(false);
      onSubmit(value.trim());
    } else if (event.key === 'Escape' && shown.length) {
      setOpen(false);
      setAt(-1);
    } else if (event.key === 'Escape') input.current?.blur();
    else return;
    event.preventDefault();
  }
  return (
    <div class="filter" role="search">
      <input ref={input} class="input mono" role="combobox" aria-label={label} placeholder={placeholder} value={value} autocomplete="off" spellcheck={false}
        aria-expanded={shown.length > 0} aria-autocomplete="list" aria-controls={`${id}-list`} aria-describedby={`${id}-wrong`} aria-invalid={wrong.length > 0 && !open ? true : undefined}
        aria-activedescendant={shown[at] ? `${id}-${at}` : undefined}
        onInput={(event) => { onInput(event.currentTarget.value); setOpen(true); setAt(-1); }} onFocus={() => setOpen(true)} onBlur={() => { setOpen(false); setAt(-1); }} onKeyDown={press} />
      <div class="filter-list" role="listbox" id={`${id}-list`} aria-label={t('filter.goes')} hidden={shown.length === 0}>
        {shown.map((one, i) => (
          <div key={one.text} id={`${id}-${i}`} class="choice" role="option" aria-selected={i === at} onPointerDown={(event) => { event.preventDefault(); take(one); }}>
            <span class="mono">{one.text}</span> <span class="soft">{one.more}</span>
          </div>
        ))}
      </div>
      <div id={`${id}-wrong`} aria-live="polite">
        {(!open || shown.length === 0) && wrong.map((one) => <p key={one.part} class="wrong"><span class="mono">{one.part}</span>: {one.why}</p>)}
      </div>
    </div>
  );
}
