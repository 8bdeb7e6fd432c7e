// How long things are kept: the periods, what a shorter one would remove before it is saved, what was removed when, and what
// is on hold.
import { useEffect, useState } from 'preact/hooks';
import { api, words } from '../base/api';
import { size } from '../base/breakdown';
import { useEvents } from '../base/events';
import { useKeys } from '../base/keys';
import { useAll, useEvery, useLoad } from '../base/load';
import { askPeople } from '../base/people';
import { format } from '../base/time';
import type { Hold, Removed, Retention as Plan, RetentionPeriod, RetentionPreview, RetentionRun } from '../base/types';
import { retentionPeriods } from '../base/types';
import { Badge, Button, Card, Empty, Failed, Note, Time, Waiting, type Tone } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { Actor } from '../components/name';
import { t, type Key } from '../i18n';

type Periods = Record<RetentionPeriod, number | null>;

const groups: { words: Key; periods: RetentionPeriod[] }[] = [
  { words: 'retention.mail', periods: ['content_days', 'undo_days', 'incident_days', 'nuisance_days'] },
  { words: 'retention.other', periods: ['audit_days', 'session_days', 'job_days', 'poll_days', 'answer_days'] },
];

const periodsOf = (plan: Plan): Periods => Object.fromEntries(retentionPeriods.map((name) => [name, plan[name]])) as Periods;
const isShorter = (is: number | null, was: number | null) => is !== null && (was === null || is < was);

/** One period: for ever, or so many days. */
function Period({ name, plan, days, onChange }: { name: RetentionPeriod; plan: Plan; days: number | null; onChange: (days: number | null) => void }) {
  const { least, most, ever } = plan.limits[name];
  const what = t(`retention.${name}` as Key);
  const start = plan[name] ?? Math.max(least, 365);
  return (
    <div class="period" role="group" aria-label={what}>
      <div>
        <strong>{what}</strong>
        <div class="hint">{t(`retention.${name}.hint` as Key)}</div>
      </div>
      <div class="row">
        {ever && (
          <label class="check"><input type="checkbox" checked={days === null} aria-label={`${what}: ${t('retention.ever')}`} onChange={(event) => onChange(event.currentTarget.checked ? null : start)} /> <span>{t('retention.ever')}</span></label>
        )}
        {days !== null && (
          <>
            <input class="input" type="number" required min={least} max={most} value={Number.isNaN(days) ? '' : days} aria-label={`${what}: ${t('retention.unit')}`} onInput={(event) => onChange(event.currentTarget.valueAsNumber)} />
            <span class="soft">{t('retention.unit')}, {most > 36_000 ? t('retention.least', { n: least }) : t('retention.range', { least, most })}</span>
          </>
        )}
      </div>
    </div>
  );
}

/** "1,204 incidents whole, with 2,311 reports", "the oldest from …": what a plan would remove now. */
function Would({ preview }: { preview: RetentionPreview }) {
  const lines = [
    preview.incidents > 0 && t('retention.would.incidents', { n: preview.incidents, n2: preview.reports.toLocaleString() }),
    preview.contents > 0 && t('retention.would.contents', { n: preview.contents }),
    preview.bytes > 0 && t('retention.would.bytes', { size: size(preview.bytes) }),
    preview.oldest_at && t('retention.would.oldest', { when: format(preview.oldest_at) }),
    preview.copies > 0 && t('retention.would.copies', { n: preview.copies }),
    preview.audit_records > 0 && t('retention.would.audit', { n: preview.audit_records, until: preview.audit_until }),
  ].filter(Boolean);
  return (
    <div class="stack">
      <p>{t('retention.would')}{lines.length === 0 && ` ${t('retention.would.nothing')}.`}</p>
      {lines.length > 0 && <ul>{lines.map((line) => <li key={line}><strong>{line}</strong></li>)}</ul>}
      {preview.held > 0 && <Note>{t('retention.stays.held', { n: preview.held })}</Note>}
      {preview.may_be_put_back > 0 && <Note>{t('retention.stays.undo', { n: preview.may_be_put_back })}</Note>}
    </div>
  );
}

function Confirm({ periods, onSave, onClose }: { periods: Periods; onSave: () => Promise<void>; onClose: () => void }) {
  const preview = useLoad<RetentionPreview>('/retention/preview', periods);
  const [busy, setBusy] = useState(false);
  async function save(): Promise<void> {
    setBusy(true);
    await onSave();
    setBusy(false);
  }
  return (
    <Dialog title={t('retention.shorter')} onClose={onClose}>
      {preview.error && !preview.data ? <Failed error={preview.error} retry={preview.reload} /> : !preview.data ? <Waiting /> : (
        <div class="stack">
          <Would preview={preview.data} />
          <p class="soft">{t('retention.final')}</p>
          {preview.data.audit_records > 0 && <p><a href={`/settings/audit?q=${encodeURIComponent('until:') + new Date().toISOString().slice(0, 10)}`}>{t('retention.export')}</a></p>}
          <div class="row"><Button look="danger" disabled={busy} onClick={() => void save()}>{t('retention.save')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
        </div>
      )}
    </Dialog>
  );
}

function Form({ plan, onSaved }: { plan: Plan; onSaved: (plan: Plan) => void }) {
  const [periods, setPeriods] = useState(periodsOf(plan));
  const [asking, setAsking] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const saved = JSON.stringify(periodsOf(plan));
  useEffect(() => setPeriods(periodsOf(plan)), [saved]);
  const shorter = retentionPeriods.some((name) => isShorter(periods[name], plan[name]));
  async function save(): Promise<void> {
    setWrong(null);
    try {
      onSaved(await api.put<Plan>('/retention', periods));
      setAsking(false);
      say(t('retention.said'));
    } catch (error) {
      setAsking(false);
      setWrong(words(error));
    }
  }
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); if (shorter) setAsking(true); else void save(); }}>
      {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
      {groups.map((group) => (
        <fieldset key={group.words} class="periods">
          <legend>{t(group.words)}</legend>
          {group.periods.map((name) => <Period key={name} name={name} plan={plan} days={periods[name]} onChange={(days) => setPeriods({ ...periods, [name]: days })} />)}
        </fieldset>
      ))}
      <div class="row"><Button look="primary" type="submit" disabled={JSON.stringify(periods) === saved}>{t(shorter ? 'retention.check' : 'do.save')}</Button></div>
      {asking && <Confirm periods={periods} onSave={save} onClose={() => setAsking(false)} />}
    </form>
  );
}

const tones: Record<RetentionRun['state'], Tone> = { running: 'accent', done: 'good', failed: 'critical' };

function removedWords(removed: Removed): string {
  const { bytes, ...counts } = removed;
  const parts = Object.entries(counts).filter(([, n]) => n > 0).map(([name, n]) => t(`retention.removed.${name}` as Key, { n }));
  if (bytes > 0) parts.push(size(bytes));
  return parts.join(', ') || t('retention.removed.none');
}

function Runs({ rows }: { rows: RetentionRun[] }) {
  const seconds = (row: RetentionRun) => (row.finished_at ? `${((Date.parse(row.finished_at) - Date.parse(row.started_at)) / 1000).toFixed(1)} s` : '–');
  return (
    <div class="table">
      <table aria-label={t('retention.runs')}>
        <thead><tr><th>{t('retention.state')}</th><th>{t('retention.began')}</th><th class="num">{t('retention.took')}</th><th>{t('retention.removed')}</th></tr></thead>
        <tbody>
          {rows.slice(0, 20).map((row) => (
            <tr key={row.id}>
              <td class="tight"><Badge tone={tones[row.state]}><span class="dot" />{t(`retention.${row.state}` as Key)}</Badge></td>
              <td class="tight"><Time at={row.started_at} /></td>
              <td class="num tight">{seconds(row)}</td>
              <td>{removedWords(row.removed)}{row.error && <div class="soft">{row.error}</div>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Holds({ rows }: { rows: Hold[] }) {
  if (rows.length === 0) return <p class="soft">{t('retention.holds.none')} {t('retention.holds.hint')}</p>;
  return (
    <div class="stack">
      <p class="soft">{t('retention.holds.hint')}</p>
      <ul class="stack">
        {rows.map((hold) => (
          <li key={hold.incident_id}>
            <a class="break" href={`/incidents/${hold.incident_id}`}>#{hold.incident_id} {hold.title}</a>
            <div class="soft break">{hold.reason} · <Actor actor={hold.held_by} /> · <Time at={hold.held_at} /></div>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Retention() {
  const plan = useLoad<Plan>('/retention');
  const runs = useAll<RetentionRun>('/retention/runs');
  const holds = useAll<Hold>('/holds');
  const [asked, setAsked] = useState(false);
  const newest = runs.data?.[0];
  useEffect(askPeople, []);
  useEvery(2, () => { if (asked || newest?.state === 'running') runs.reload(); });
  useEffect(() => { if (newest?.state !== 'running') setAsked(false); }, [newest?.id, newest?.state]);
  useEvents((event) => event.object_kind.startsWith('retention') || event.action === 'incident.hold' || event.action === 'incident.release',
    () => { plan.reload(); runs.reload(); holds.reload(); });
  async function runNow(): Promise<void> {
    try {
      await api.post('/retention/runs');
      setAsked(true);
      say(t('retention.now.said'));
    } catch (error) {
      say(words(error), 'critical');
    }
  }
  useKeys([{ key: 'n', words: t('retention.now'), run: () => void runNow() }]);
  const error = plan.error ?? runs.error ?? holds.error;
  if (error && !(plan.data && runs.data && holds.data)) return <div class="page"><Failed error={error} retry={() => { plan.reload(); runs.reload(); holds.reload(); }} /></div>;
  if (!plan.data || !runs.data || !holds.data) return <Waiting />;
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t('nav.retention')}</h1>
        <div class="actions"><Button hint="n" disabled={asked} onClick={() => void runNow()}>{t('retention.now')}</Button></div>
      </div>
      <p class="soft" style={{ marginBottom: '16px' }}>{t('retention.intro')} {plan.data.next_at && <>{t('retention.next')}: {format(plan.data.next_at)}.</>}</p>
      <div class="stack">
        <Card title={t('retention.periods')}><Form plan={plan.data} onSaved={(saved) => plan.set(saved)} /></Card>
        <Card title={t('retention.holds')}><Holds rows={holds.data} /></Card>
        {runs.data.length === 0 ? <Empty title={t('retention.runs.none')} /> : <Card title={t('retention.runs')}><Runs rows={runs.data} /></Card>}
      </div>
    </div>
  );
}
