// What forms are made of beyond a line of text: several lines, a choice with explanations, a question before something is lost.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { words } from '../base/api';
import { t } from '../i18n';
import { Button, Field, Note } from './basics';
import { Dialog } from './dialog';

export function Area({ label, hint, wrong, value, rows = 3, onChange, ...rest }: { label: string; hint?: ComponentChildren; wrong?: string | null; value: string; rows?: number; onChange: (value: string) => void; maxLength?: number; spellcheck?: boolean; placeholder?: string }) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(id, described) => (
        <textarea {...rest} class="input" id={id} rows={rows} aria-describedby={described} aria-invalid={wrong ? true : undefined} value={value} onInput={(event) => onChange(event.currentTarget.value)} />
      )}
    </Field>
  );
}

/** What a person writes as a list: one a line, or with commas or blanks between. */
export function listOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter(Boolean);
}

/** One a line. */
export function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter(Boolean);
}

/** Asks before something is lost; stays open, and says why, when it did not work. */
export function Confirm({ title, children, yes, run, onClose }: { title: string; children: ComponentChildren; yes: string; run: () => Promise<void>; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  async function go(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      await run();
      onClose();
    } catch (error) {
      setWrong(words(error));
      setBusy(false);
    }
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={go}>
        {children}
        {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
        <div class="row"><Button look="danger" type="submit" disabled={busy} autofocus>{yes}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}
