// Legal hold of an incident: whether nothing of it may be removed, why, and the two ways to change that.
import { useState } from 'preact/hooks';
import { may } from '../app/session';
import { api, words } from '../base/api';
import type { IncidentWhole } from '../base/types';
import { Actor } from './name';
import { t } from '../i18n';
import { Button, Card, Input, Time } from './basics';
import { Dialog, say } from './dialog';

function HoldDialog({ incident, onDone, onClose }: { incident: IncidentWhole; onDone: () => void; onClose: () => void }) {
  const verb = incident.hold ? 'release' : 'put';
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  async function send(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      await api.post(`/incidents/${incident.id}/${incident.hold ? 'release' : 'hold'}`, { reason });
      say(t(`hold.${verb}.said`));
      onDone();
      onClose();
    } catch (error) {
      say(words(error), 'critical');
      setBusy(false);
    }
  }
  return (
    <Dialog title={t(`hold.${verb}`)} onClose={onClose}>
      <form class="stack" onSubmit={send}>
        <p>{t(`hold.${verb}.hint`)}</p>
        <Input label={t('hold.reason')} value={reason} onChange={setReason} required maxLength={4000} autofocus />
        <div class="row"><Button look="primary" type="submit" disabled={busy}>{t(`hold.${verb}`)}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

/** Nothing for whom it says nothing and lets do nothing. */
export function HoldCard({ incident, onDone }: { incident: IncidentWhole; onDone: () => void }) {
  const [asked, setAsked] = useState(false);
  const { hold } = incident;
  if (!hold && !may('hold')) return null;
  return (
    <Card title={t('hold.title')} actions={may('hold') && <Button look="quiet" onClick={() => setAsked(true)}>{t(hold ? 'hold.release' : 'hold.put')}</Button>}>
      {hold ? <div><div class="break">{hold.reason}</div><div class="soft"><Actor actor={hold.held_by} /> · <Time at={hold.held_at} /></div></div> : <p class="soft">{t('hold.none')}</p>}
      {asked && <HoldDialog incident={incident} onDone={onDone} onClose={() => setAsked(false)} />}
    </Card>
  );
}
