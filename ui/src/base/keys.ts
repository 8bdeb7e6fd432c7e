// The keyboard. What is on the screen says which keys it takes while it is there; "?" lists them all.
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect } from 'preact/hooks';

export interface Binding {
  /** As pressed: "j", "Enter", "Shift+X", "g i" for one after the other. */
  key: string;
  words: string;
  run: (event: KeyboardEvent) => void;
  /** Not while a dialog is open, unless it is the dialog's own. */
  inDialog?: boolean;
}

export const bindings = signal<Binding[][]>([]);
let before = '';
let forget = 0;

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement && /^(checkbox|radio)$/.test(target.type)) return false;
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function isButton(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a[href], summary, input, [role="tab"]') !== null;
}

function find(pressed: string): Binding | undefined {
  const dialog = document.querySelector('dialog[open]') !== null;
  for (const set of [...bindings.value].reverse())
    for (const binding of set) if (binding.key === pressed && (!dialog || binding.inDialog)) return binding;
  return undefined;
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
  if ((event.key === 'Enter' || event.key === ' ') && isButton(event.target)) return;
  const key = event.shiftKey && event.key.length === 1 && /[a-z]/i.test(event.key) ? `Shift+${event.key.toUpperCase()}` : event.key;
  const found = find(before ? `${before} ${key}` : key) ?? find(key);
  clearTimeout(forget);
  before = '';
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (key === 'g') {
    before = key;
    forget = window.setTimeout(() => (before = ''), 1200);
  }
});

/** The keys of what is on the screen. They change with it and not a moment later: the next key may be here before the next picture. */
export function useKeys(set: Binding[]): void {
  useLayoutEffect(() => {
    bindings.value = [...bindings.value, set];
    return () => {
      bindings.value = bindings.value.filter((one) => one !== set);
    };
  });
}

/** Keeps the row that has the cursor in sight, in a table that is all in the page. */
export function useInSight(cursor: number): void {
  useEffect(() => {
    if (cursor > 0) document.querySelector('.table tr.cursor')?.scrollIntoView({ block: 'nearest' });
    else document.querySelector('.app-main')?.scrollTo(0, 0);
  }, [cursor]);
}
