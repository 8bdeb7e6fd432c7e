// Dialogs, by the browser's own: it keeps the focus inside and gives it back. What is said meanwhile is said in the dialog that
// is on top: anything else can be neither reached nor heard.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
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
  const id = ++last;
  toasts.value = [...toasts.value.slice(-3), { id, text, tone, undo }];
  if (tone !== 'critical') setTimeout(() => dismiss(id), undo ? 10_000 : 5000);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** @of: the dialog whose they are; null: the page's own. */
export function Toasts({ of = null }: { of?: object | null }) {
  const here = (open.value[open.value.length - 1] ?? null) === of;
  return (
    <div class="toasts" role="status" aria-live="polite">
      {here && toasts.value.map((toast) => (
        <div key={toast.id} class={`toast tone-${toast.tone}`}>
          <span>{toast.text}</span>
          {toast.undo && <Button look="quiet" onClick={() => { toast.undo?.(); dismiss(toast.id); }}>{t('do.undo')}</Button>}
          <Button look="quiet" class="icon" aria-label={t('do.close')} onClick={() => dismiss(toast.id)}>✕</Button>
        </div>
      ))}
    </div>
  );
}
