// Who received what was reported, and what became of each copy: some at first, the others when they are asked for.
import { useState } from 'preact/hooks';
import { may } from '../app/session';
import { api, words } from '../base/api';
import { useEvents } from '../base/events';
import { useAll } from '../base/load';
import type { Alert, IncidentWhole, QuarantineResult, Response } from '../base/types';
import { t, word } from '../i18n';
import { Badge, Button, type Tone } from './basics';
import { say } from './dialog';

const AT_FIRST = 100;
const MOST = 20_000; // rows of a ledger that are looked through

export const copyTones: Record<string, Tone> = { success: 'good', pending: 'accent', message_not_found: 'plain', mailbox_not_found: 'plain' };

/** What became of one copy, in words: the undo's answer counts once there is one. */
function CopyState({ result }: { result: QuarantineResult }) {
  const status = result.restore_status ?? result.status;
  const back = result.restore_status === 'success';
  const tone = status.startsWith('failed') ? 'critical' : status.startsWith('skipped') ? 'moderate' : back ? 'accent' : copyTones[status] ?? 'plain';
  return <Badge tone={tone} title={result.restore_reason ?? result.reason ?? undefined}>{back ? t('incident.copy.back') : word('copy', status)}</Badge>;
}

/** Pulled, and past the period in which it could be put back. */
function NoReturn({ result }: { result: QuarantineResult }) {
  return result.bytes_removed_at && result.step === 'moved' ? <> <Badge title={t('hold.noreturn')}>{t('hold.gone')}</Badge></> : null;
}

const wasRead = (result: QuarantineResult | undefined) =>
  (result?.was_read === true ? t('incident.read.yes') : result?.was_read === false ? t('incident.read.no') : '–');

/** One copy alone, for who should not have lost it. */
async function putBack(result: QuarantineResult): Promise<void> {
  try {
    await api.post(`/incidents/${result.incident_id}/responses`, { kind: 'restore', of_result: result.id });
    say(t('incident.back.one.said', { mailbox: result.mailbox }));
  } catch (error) {
    say(words(error), 'critical');
  }
}

function Row({ alert, result }: { alert?: Alert; result?: QuarantineResult }) {
  const away = result?.status === 'success' && !result.bytes_removed_at && result.restore_status !== 'success' && result.restore_status !== 'pending';
  const why = result && (result.restore_status ?? result.status) !== 'success' ? result.restore_reason ?? result.reason : null;
  const mailbox = alert?.recipient ?? result!.mailbox;
  return (
    <tr>
      <td class="who">
        {mailbox}{alert && !alert.trusted && <> <Badge tone="major" title={t('incident.untrusted.hint')}>{t('incident.untrusted')}</Badge></>}
        <div class="soft">{alert ? `${word('role', alert.role)} · ${t('incident.alert')}: ${word('state', alert.state)}` : word('found', result!.found_how)}</div>
      </td>
      <td class="state">{result ? <><CopyState result={result} /><NoReturn result={result} />{why && <div class="soft">{why}</div>}</> : <span class="soft">{t('incident.copy.untouched')}</span>}</td>
      <td>{wasRead(result)}</td>
      <td>{result?.folder ?? '–'}</td>
      <td class="last">{away && may('respond') && <Button aria-label={`${t('incident.restore.do')}: ${mailbox}`} onClick={() => void putBack(result)}>{t('incident.restore.do')}</Button>}</td>
    </tr>
  );
}

/** @first: the newest alerts, which are here already. */
export function Recipients({ incident, responses, first }: { incident: IncidentWhole; responses: Response[]; first: Alert[] }) {
  const [shown, setShown] = useState(AT_FIRST);
  const last = responses.find((one) => one.kind === 'quarantine');
  const every = useAll<Alert>(shown > first.length ? `/incidents/${incident.id}/alerts` : null, {}, MOST);
  const ledger = useAll<QuarantineResult>(last ? `/responses/${last.id}/results` : null, {}, MOST);
  useEvents((event) => event.incident_id === incident.id, () => { ledger.reload(); every.reload(); });
  const alerts = every.data ?? first;
  const results = ledger.data ?? [];
  const byMailbox = new Map(results.map((one) => [one.mailbox.toLowerCase(), one]));
  const known = new Set(alerts.map((alert) => alert.recipient.toLowerCase()));
  const others = alerts.length >= incident.alert_count ? results.filter((one) => !known.has(one.mailbox.toLowerCase())) : [];
  const all = Math.max(incident.alert_count, alerts.length) + others.length;
  return (
    <div class="stack">
      <div class="table copies" role="group" aria-label={t('incident.people')} tabIndex={0}>
        <table>
          <thead><tr><th>{t('incident.recipient')}</th><th>{t('incident.copy')}</th><th>{t('incident.read')}</th><th>{t('incident.folder')}</th><th><span class="visually-hidden">{t('incident.restore.do')}</span></th></tr></thead>
          <tbody>
            {alerts.slice(0, shown).map((alert) => <Row key={alert.id} alert={alert} result={byMailbox.get(alert.recipient.toLowerCase())} />)}
            {others.slice(0, Math.max(0, shown - alerts.length)).map((result) => <Row key={`r${result.id}`} result={result} />)}
          </tbody>
        </table>
      </div>
      {all > shown && (
        <div class="row">
          <span class="soft">{t('incident.some', { n: shown, of: all.toLocaleString() })}</span>
          <Button onClick={() => setShown(shown + 500)}>{t('do.more')}</Button>
          <a href={`/alerts?q=${encodeURIComponent(`is:all incident:${incident.id}`)}`}>{t('incident.as.list')}</a>
        </div>
      )}
    </div>
  );
}
