// Dialogs, by the browser's own: it keeps the focus inside and gives it back. What is said meanwhile is said in the dialog that
// is on top: anything else can be neither reached nor heard.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import { Button } from './basics';

const open = signal<object[]>([]);

export function Dialog({ title, children, foot, wide, onClose }: { title: string; children: ComponentChildren; foot?: ComponentChildren; wide?: boolean; onClose: () => void }) {
  const element = useRef<HTMLDialogElement>(null);
  const [me, setMe] = useState<object | null>(null);
  // at once, not after the next picture: the next key is for the dialog
  useLayoutEffect(() => {
    const self = {};
    element.current?.showModal();
    setMe(self);
    open.value = [...open.value, self];
    return () => {
      open.value = open.value.filter((one) => one !== self);
    };
  }, []);
  return (
    <dialog class={`dialog ${wide ? 'wide' : ''}`} ref={element} aria-label={title} onClose={onClose} onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}>
      <div class="dialog-head">
        <h2>{title}</h2>
        <Button look="quiet" class="icon" aria-label={t('do.close')} onClick={() => element.current?.close()}>✕</Button>
      </div>
      <div class="dialog-body">{children}</div>
      {foot && <div class="dialog-foot">{foot}</div>}
      <Toasts of={me} />
    </dialog>
  );
}

interface Toast {
  id: number;
  text: string;
  tone: 'accent' | 'good' | 'critical';
  undo?: () => void;
}

const toasts = signal<Toast[]>([]);
let last = 0;

/** Tells the reader something at the edge of the screen; an error stays until it is closed. */
export function say(text: string, tone: Toast['tone'] = 'good', undo?: () => void): void {
  toasts.value = [...toasts.value.slice(-3), { id: ++last, text, tone, undo }];
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** @held: somebody is at what is said, so it does not go (WCAG 2.2, 2.2.1). */
function ToastOne({ toast, held }: { toast: Toast; held: boolean }) {
  const { id, text, tone, undo } = toast;
  useEffect(() => {
    if (held || tone === 'critical') return undefined;
    const timer = setTimeout(() => dismiss(id), undo ? 10_000 : 5000);
    return () => clearTimeout(timer);
  }, [held]);
  return (
    <div class={`toast tone-${tone}`}>
      <span>{text}</span>
      {undo && <Button look="quiet" onClick={() => { undo(); dismiss(id); }}>{t('do.undo')}</Button>}
      <Button look="quiet" class="icon" aria-label={t('do.close')} onClick={() => dismiss(id)}>✕</Button>
    </div>
  );
}

/** What one is at stays in sight when what is said takes its place (WCAG 2.2, 2.4.11). */
function keepInSight(bar: HTMLElement): void {
  const main = document.querySelector('.app-main');
  const focus = document.activeElement;
  const at = main?.querySelector('.cursor') ?? (main?.contains(focus) ? focus : null);
  const box = at?.getBoundingClientRect();
  if (box && box.bottom > bar.getBoundingClientRect().top && box.top < innerHeight) at!.scrollIntoView({ block: 'nearest' });
}

/** Has a place of its own below the page or in the dialog, and covers nothing. @of: the dialog whose they are; null: the page's own. */
export function Toasts({ of = null }: { of?: object | null }) {
  const bar = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState(false);
  const [inside, setInside] = useState(false);
  const here = (open.value[open.value.length - 1] ?? null) === of ? toasts.value : [];
  useLayoutEffect(() => {
    if (here.length) keepInSight(bar.current!);
    else {
      setOver(false); // what went away from under the pointer does not say so
      setInside(false);
    }
  }, [here.length]);
  return (
    <div class="toasts" role="status" aria-live="polite" ref={bar} onPointerEnter={() => setOver(true)} onPointerLeave={() => setOver(false)}
      onFocusIn={() => setInside(true)} onFocusOut={() => setInside(false)}>
      {here.map((toast) => <ToastOne key={toast.id} toast={toast} held={over || inside} />)}
    </div>
  );
}
