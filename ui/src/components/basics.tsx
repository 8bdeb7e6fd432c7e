// The small parts that every page is made of.
import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Problem, words } from '../base/api';
import { ago, format, utc } from '../base/time';
import type { Disposition, Severity } from '../base/types';
import { t, word, type Key } from '../i18n';

export type Tone = 'critical' | 'major' | 'moderate' | 'minor' | 'good' | 'accent' | 'plain';

type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon'> & {
  look?: 'primary' | 'danger' | 'quiet' | 'icon';
  hint?: string; // the key that does the same
  busy?: boolean; // what it does is being done
};

export function Button({ look, hint, busy = false, children, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} disabled={busy || rest.disabled} aria-busy={busy || undefined} class={`button ${look ?? ''} ${rest.class ?? ''}`} aria-keyshortcuts={hint}>
      {busy && <span class="wait" />}
      {children}
      {hint && <kbd aria-hidden="true">{hint}</kbd>}
    </button>
  );
}

/** Trawl's own, as /icon.svg is, but here with the first picture. */
export function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b5cad" />
      <path d="M6 9h20M9 9c0 9 3 14 7 14s7-5 7-14M12.500 9c.2 6 1.300 13.500 3.500 13.500S19.300 15 19.500 9M8 15.500h16" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" />
    </svg>
  );
}

export function Badge({ tone = 'plain', children, title }: { tone?: Tone; children: ComponentChildren; title?: string }) {
  return <span class={`badge tone-${tone}`} title={title}>{children}</span>;
}

const severityTones: Record<Severity, Tone> = {
  informational: 'plain', minor: 'minor', moderate: 'moderate', major: 'major', critical: 'critical' };

// in each row of long lists, and so without a component of its own in them
export function SeverityBadge({ value }: { value: Severity }) {
  return Badge({ tone: severityTones[value], children: word('severity', value) });
}

const dispositionTones: Partial<Record<Disposition, Tone>> = {
  malicious: 'critical', suspicious: 'major', spam: 'moderate', bulk: 'minor', low_risk: 'good', known_good: 'good', false_negative: 'critical', simulated: 'accent' };

export function DispositionBadge({ value }: { value: Disposition }) {
  return Badge({ tone: dispositionTones[value], children: word('disposition', value) });
}

function tellMoment({ currentTarget }: { currentTarget: HTMLTimeElement }): void {
  const at = currentTarget.dateTime;
  currentTarget.title = `${format(at)}\n${utc(at)}`;
}

/** A moment: how long ago, with the reader's own time and UTC on hover. */
export function Time({ at, whole = false }: { at: string | null | undefined; whole?: boolean }) {
  if (!at) return <span class="soft">–</span>;
  return <time dateTime={at} onMouseOver={tellMoment}>{whole ? format(at) : ago(at)}</time>;
}

export function Field({ label, hint, wrong, children }: { label: string; hint?: ComponentChildren; wrong?: string | null; children: (id: string, described: string) => ComponentChildren }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id, `${id}-hint`)}
      <div id={`${id}-hint`}>
        {wrong ? <div class="wrong" role="alert">{wrong}</div> : hint && <div class="hint">{hint}</div>}
      </div>
    </div>
  );
}

interface InputProps {
  label: string;
  hint?: ComponentChildren;
  wrong?: string | null;
  value: string | number;
  onChange: (value: string) => void;
  type?: 'text' | 'password' | 'email' | 'number' | 'url' | 'datetime-local';
  autocomplete?: string;
  autocapitalize?: string;
  inputMode?: 'numeric' | 'email' | 'text';
  pattern?: string;
  placeholder?: string;
  minLength?: number;
  maxLength?: number;
  min?: number;
  max?: number;
  required?: boolean;
  disabled?: boolean;
  autofocus?: boolean;
  spellcheck?: boolean;
}

export function Input({ label, hint, wrong, onChange, ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(id, described) => (
        <input {...(rest as object)} class="input" id={id} aria-describedby={described} aria-invalid={wrong ? true : undefined} onInput={(event) => onChange(event.currentTarget.value)} />
      )}
    </Field>
  );
}

export function Select<T extends string>({ label, hint, value, options, onChange, disabled }: { label: string; hint?: ComponentChildren; value: T; options: { value: T; words: string }[]; onChange: (value: T) => void; disabled?: boolean }) {
  return (
    <Field label={label} hint={hint}>
      {(id, described) => (
        <select class="input" id={id} aria-describedby={described} value={value} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value as T)}>
          {options.map((option) => <option key={option.value} value={option.value}>{option.words}</option>)}
        </select>
      )}
    </Field>
  );
}

export function Check({ label, hint, checked, onChange }: { label: string; hint?: string; checked: boolean; onChange: (on: boolean) => void }) {
  return (
    <div class="field">
      <label class="check">
        <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
        {label}
      </label>
      {hint && <div class="hint">{hint}</div>}
    </div>
  );
}

export function Card({ title, actions, children, bare }: { title?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren; bare?: boolean }) {
  return (
    <section class="card">
      {title && <header class="card-head"><h2>{title}</h2>{actions && <div class="actions">{actions}</div>}</header>}
      {bare ? children : <div class="card-body">{children}</div>}
    </section>
  );
}

export function Note({ tone = 'plain', title, children }: { tone?: Tone; title?: ComponentChildren; children?: ComponentChildren }) {
  return <div class={`note tone-${tone}`}>{title && <h3>{title}</h3>}{children}</div>;
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return <div class="empty"><h2>{title}</h2>{children}</div>;
}

const titles: Record<number, Key> = { 0: 'say.unreachable', 403: 'say.denied', 404: 'say.gone', 429: 'say.throttled' };

/** Seconds until @retry is called by itself, or null where that would not help; at once when the network is back. */
function useAgain(error: unknown, retry?: () => void): number | null {
  const wait = retry && error instanceof Problem ? error.wait : null;
  const [left, setLeft] = useState(wait);
  const latest = useRef(retry);
  latest.current = retry;
  useEffect(() => {
    setLeft(wait);
    if (wait === null) return undefined;
    const due = Date.now() + wait * 1000;
    let timer = 0;
    const again = () => {
      clearInterval(timer);
      latest.current?.();
    };
    timer = window.setInterval(() => {
      const rest = Math.ceil((due - Date.now()) / 1000);
      setLeft(Math.max(0, rest));
      if (rest <= 0) again();
    }, 1000);
    addEventListener('online', again);
    return () => {
      clearInterval(timer);
      removeEventListener('online', again);
    };
  }, [error]);
  return left;
}

/** What could not be shown, why, and what to do about it; what may be better soon is tried again by itself. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const left = useAgain(error, retry);
  const status = error instanceof Problem ? error.status : -1;
  return (
    <Note tone={status === 404 ? 'plain' : 'critical'}>
      <div role="alert"><h3>{t(titles[status] ?? 'say.error')}</h3><p>{words(error)}</p></div>
      {retry && status !== 403 && status !== 404 && (
        <div class="row">
          <Button onClick={retry}>{t('do.retry')}</Button>
          {left !== null && <span class="soft num">{t('say.again', { n: left })}</span>}
        </div>
      )}
    </Note>
  );
}

/** A page that could not be shown. @of: what it is one of; @back: where those are. */
export function FailedPage({ error, retry, of, back }: { error: unknown; retry: () => void; of: Key; back: string }) {
  const gone = error instanceof Problem && error.status === 404;
  return (
    <div class="page">
      <div class="page-head">
        <a href={back} aria-label={t(of)}>←</a>
        <h1>{t(gone ? 'say.gone' : of)}</h1>
      </div>
      {gone ? <Note><p role="alert">{words(error)}</p><p>{t('say.gone.hint')} <a href={back}>{t(of)}</a></p></Note> : <Failed error={error} retry={retry} />}
    </div>
  );
}

/** Says that something is on its way, but only after a moment: what is quick needs no words. */
export function Waiting() {
  return <div class="empty" role="status"><span class="wait" /><span class="visually-hidden">{t('say.loading')}</span></div>;
}

export function Tabs<T extends string>({ label, tabs, value, onChange }: { label: string; tabs: { value: T; words: ComponentChildren }[]; value: T; onChange: (value: T) => void }) {
  const list = useRef<HTMLDivElement>(null);
  function move(event: KeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step) return;
    const at = (tabs.findIndex((tab) => tab.value === value) + step + tabs.length) % tabs.length;
    onChange(tabs[at]!.value);
    (list.current?.children[at] as HTMLElement | undefined)?.focus();
    event.preventDefault();
  }
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
      {tabs.map((tab) => (
        <button key={tab.value} type="button" role="tab" aria-selected={tab.value === value} tabIndex={tab.value === value ? 0 : -1} onClick={() => onChange(tab.value)}>
          {tab.words}
        </button>
      ))}
    </div>
  );
}

export function Menu({ label, children }: { label: ComponentChildren; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = (event: Event) => root.current?.contains(event.target as Node) || setOpen(false);
    const escape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      root.current?.querySelector('button')?.focus();
    };
    addEventListener('pointerdown', away);
    addEventListener('keydown', escape);
    return () => {
      removeEventListener('pointerdown', away);
      removeEventListener('keydown', escape);
    };
  }, [open]);
  return (
    <div class="menu" ref={root}>
      <Button look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>{label}</Button>
      {open && <div class="menu-list" onClick={() => setOpen(false)}>{children}</div>}
    </div>
  );
}

export function Copy({ text, look = 'quiet' }: { text: string; look?: ButtonProps['look'] }) {
  const [done, setDone] = useState(false);
  return (
    <Button look={look} onClick={() => navigator.clipboard.writeText(text).then(() => { setDone(true); setTimeout(() => setDone(false), 1500); })}>
      {done ? t('do.copied') : t('do.copy')}
    </Button>
  );
}
