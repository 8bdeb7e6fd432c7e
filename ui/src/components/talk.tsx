// What people say about an incident. It is text and nothing else: nothing in it becomes a link, a picture or a direction of writing
// for what stands beside it.
import { useState } from 'preact/hooks';
import { may } from '../app/session';
import { api, session, words } from '../base/api';
import { actorName } from '../base/people';
import type { Comment } from '../base/types';
import { Actor } from './name';
import { t } from '../i18n';
import { Button, Time } from './basics';
import { say } from './dialog';
import { Area, Confirm } from './forms';

const LONGEST = 4000;

function Words({ text, label, yes, onSave, onCancel, id }: { text: string; label: string; yes: string; onSave: (text: string) => Promise<void>; onCancel?: () => void; id?: string }) {
  const [draft, setDraft] = useState(text);
  const [busy, setBusy] = useState(false);
  async function save(): Promise<void> {
    if (!draft.trim() || busy) return;
    setBusy(true);
    try {
      await onSave(draft.trim());
      setDraft('');
    } catch (error) {
      say(words(error), 'critical');
    }
    setBusy(false);
  }
  function press(event: KeyboardEvent): void {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void save();
    } else if (event.key === 'Escape') {
      if (onCancel) onCancel();
      else (event.target as HTMLElement).blur();
    }
  }
  return (
    <form class="stack" id={id} onSubmit={(event) => { event.preventDefault(); void save(); }} onKeyDown={press}>
      <Area label={label} hint={t('talk.hint')} value={draft} onChange={setDraft} maxLength={LONGEST} rows={3} />
      <div class="row"><Button look="primary" type="submit" disabled={busy || !draft.trim()}>{yes}</Button>{onCancel && <Button onClick={onCancel}>{t('do.cancel')}</Button>}</div>
    </form>
  );
}

/** Where one says something. */
export function Composer({ incident, onDone }: { incident: number; onDone: () => void }) {
  return (
    <Words id="say" text="" label={t('talk.say')} yes={t('talk.add')} onSave={async (text) => {
      await api.post(`/incidents/${incident}/comments`, { text });
      onDone();
    }} />
  );
}

export function focusComposer(): void {
  const field = document.querySelector<HTMLTextAreaElement>('#say textarea');
  field?.focus();
  field?.scrollIntoView({ block: 'center' });
}

export function CommentText({ comment }: { comment: Comment }) {
  return comment.text === null ? <div class="soft">{t('talk.deleted')}</div> : <div class="said" dir="auto">{comment.text}</div>;
}

/** One comment, with what its writer may do about it. */
export function CommentItem({ comment, onDone }: { comment: Comment; onDone: () => void }) {
  const [mode, setMode] = useState<'read' | 'edit' | 'delete'>('read');
  const mine = may('triage') && comment.author_id === -session.value!.user.id && comment.text !== null;
  return (
    <article class="comment" aria-label={t('talk.by', { who: actorName(comment.author) })}>
      <div class="row apart">
        <span><strong><Actor actor={comment.author} /></strong> <Time at={comment.created_at} />{comment.edited_at && comment.text !== null && <span class="soft"> · {t('talk.edited')} <Time at={comment.edited_at} /></span>}</span>
        {mine && mode === 'read' && <span class="row"><Button look="quiet" onClick={() => setMode('edit')}>{t('do.edit')}</Button><Button look="quiet" onClick={() => setMode('delete')}>{t('do.delete')}</Button></span>}
      </div>
      {mode === 'edit' ? (
        <Words text={comment.text ?? ''} label={t('talk.change')} yes={t('do.save')} onCancel={() => setMode('read')} onSave={async (text) => {
          await api.patch(`/comments/${comment.id}`, { text }, { etag: `"${comment.revision}"` });
          setMode('read');
          onDone();
        }} />
      ) : <CommentText comment={comment} />}
      {mode === 'delete' && (
        <Confirm title={t('talk.delete')} yes={t('do.delete')} onClose={() => setMode('read')} run={async () => {
          await api.remove(`/comments/${comment.id}`);
          onDone();
        }}>
          <p>{t('talk.delete.hint')}</p>
        </Confirm>
      )}
    </article>
  );
}
