// What hangs on a message. None of it is ever opened here: it is saved in a zip behind a password.
import { useState } from 'preact/hooks';
import { api, words } from '../base/api';
import { size, type Attachment } from '../base/breakdown';
import { attachmentPlace } from '../base/findings';
import { t } from '../i18n';
import { Button, Copy, Empty } from './basics';
import { say } from './dialog';
import type { Found } from './headers';
import { Marks, Strange } from './marks';

const PASSWORD = 'infected';

/** Saved like any other download, so that whatever the server says against it is read. */
function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function Download({ original, one, label }: { original: number; one?: Attachment; label: string }) {
  const [busy, setBusy] = useState(false);
  async function fetchZip(): Promise<void> {
    setBusy(true);
    try {
      const zip = await api.file(`/originals/${original}/attachments`, { sha256: one?.sha256 }, 'application/zip');
      save(zip, `original-${original}-${one?.sha256?.slice(0, 16) ?? 'attachments'}.zip`);
      say(t('message.attachments.saved', { password: PASSWORD }));
    } catch (error) {
      say(words(error), 'critical');
    }
    setBusy(false);
  }
  return <Button busy={busy} aria-label={one && `${label}: ${one.name ?? t('message.attachments.unnamed')}`} onClick={() => void fetchZip()}>{label}</Button>;
}

interface ListProps {
  attachments: Attachment[];
  original: number | null; // null: these cannot be saved
  found: Found;
}

function One({ one, original, found }: { one: Attachment } & Omit<ListProps, 'attachments'>) {
  const inner = one.parts ?? one.message?.attachments ?? [];
  return (
    <li class="stack">
      <div class="note attachment" data-place={attachmentPlace(one).key}>
        <div class="row apart">
          <div class="row"><strong class="break">{one.name ? <Strange text={one.name} /> : t('message.attachments.unnamed')}</strong><span class="soft">{size(one.size)}</span><Marks findings={found(attachmentPlace(one))} /></div>
          {original !== null && one.sha256 && <Download original={original} one={one} label={t('message.attachments.save')} />}
        </div>
        <div class="soft">{one.detected ?? one.type}{one.type && one.detected && one.type !== one.detected && <> · {t('message.attachments.declared', { type: one.type })}</>}</div>
        {one.message?.subject && <div>{t('message.subject')}: <bdi>{one.message.subject}</bdi></div>}
        {one.sha256 && <div class="row"><code class="break">{one.sha256}</code><Copy text={one.sha256} /></div>}
      </div>
      {inner.length > 0 && <ul class="stack inner">{inner.map((part, i) => <One key={i} one={part} original={original} found={found} />)}</ul>}
    </li>
  );
}

export function Attachments({ attachments, original, found }: ListProps) {
  if (!attachments.length) return <Empty title={t('message.attachments.none')} />;
  return (
    <div class="stack">
      {original !== null && (
        <div class="row apart">
          <span class="soft">{t('message.attachments.hint', { password: PASSWORD })}</span>
          {attachments.length > 1 && <Download original={original} label={t('message.attachments.all', { n: attachments.length })} />}
        </div>
      )}
      <ul class="stack">{attachments.map((one, i) => <One key={i} one={one} original={original} found={found} />)}</ul>
    </div>
  );
}
