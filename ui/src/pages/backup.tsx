// Backups: how often one is made, what was made, and one now. The files stay on the machine.
import { useEffect, useState } from 'preact/hooks';
import { api, words } from '../base/api';
import { size } from '../base/breakdown';
import { useEvents } from '../base/events';
import { useKeys } from '../base/keys';
import { useAll, useEvery, useLoad } from '../base/load';
import type { Backup, BackupPlan } from '../base/types';
import { Badge, Button, Card, Empty, Failed, Input, Note, Select, Time, Waiting, type Tone } from '../components/basics';
import { say } from '../components/dialog';
import { t, type Key } from '../i18n';

const tones: Record<Backup['state'], Tone> = { running: 'accent', done: 'good', failed: 'critical' };
const often = ['0', '1', '6', '12', '24', '168'] as const;

function Plan({ plan, onSaved }: { plan: BackupPlan; onSaved: (plan: BackupPlan) => void }) {
  const [hours, setHours] = useState(String(plan.every_hours));
  const [keep, setKeep] = useState(String(plan.keep));
  const [wrong, setWrong] = useState<string | null>(null);
  useEffect(() => { setHours(String(plan.every_hours)); setKeep(String(plan.keep)); }, [plan.every_hours, plan.keep]);
  const choices = [...new Set([...often, hours])].sort((a, b) => Number(a) - Number(b));
  async function save(event: Event): Promise<void> {
    event.preventDefault();
    setWrong(null);
    try {
      onSaved(await api.patch<BackupPlan>('/backup-plan', { every_hours: Number(hours), keep: Number(keep) }));
      say(t('backup.plan.said'));
    } catch (error) {
      setWrong(words(error));
    }
  }
  return (
    <form class="stack" onSubmit={save}>
      {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
      <Select label={t('backup.often')} value={hours} onChange={setHours} options={choices.map((one) => ({ value: one, words: one === '0' ? t('backup.never') : t('backup.every', { n: Number(one) }) }))} />
      <Input label={t('backup.keep')} hint={t('backup.keep.hint')} type="number" min={1} max={365} required value={keep} onChange={setKeep} />
      <div class="row"><Button look="primary" type="submit" disabled={hours === String(plan.every_hours) && keep === String(plan.keep)}>{t('do.save')}</Button></div>
    </form>
  );
}

function Rows({ rows }: { rows: Backup[] }) {
  return (
    <div class="table">
      <table aria-label={t('nav.backup')}>
        <thead><tr><th>{t('backup.state')}</th><th>{t('backup.file')}</th><th>{t('backup.at')}</th><th class="num">{t('backup.size')}</th><th class="num">{t('backup.seq')}</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <td class="tight"><Badge tone={tones[row.state]}><span class="dot" />{t(`backup.${row.state}` as Key)}</Badge></td>
              <td class="break"><span class="mono">{row.file}</span>{row.error && <div class="soft">{row.error}</div>}</td>
              <td class="tight"><Time at={row.started_at} /></td>
              <td class="num tight">{row.state === 'done' ? size(row.size) : '–'}</td>
              <td class="num tight">{row.state === 'done' ? row.audit_seq.toLocaleString() : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Backups() {
  const plan = useLoad<BackupPlan>('/backup-plan');
  const made = useAll<Backup>('/backups');
  const [asked, setAsked] = useState(false);
  useEvents((event) => event.object_kind === 'backup' || event.object_kind === 'backup_plan', () => { made.reload(); plan.reload(); });
  const running = made.data?.some((row) => row.state === 'running') ?? false;
  useEvery(2, () => { if (asked || running) made.reload(); });
  useEffect(() => { if (made.data?.[0]?.state !== 'running') setAsked(false); }, [made.data?.[0]?.id, made.data?.[0]?.state]);
  async function makeOne(): Promise<void> {
    try {
      await api.post('/backups');
      setAsked(true);
      say(t('backup.now.said'));
    } catch (error) {
      say(words(error), 'critical');
    }
  }
  useKeys(plan.data?.possible ? [{ key: 'n', words: t('backup.now'), run: () => void makeOne() }] : []);
  const error = plan.error ?? made.error;
  if (error && !(plan.data && made.data)) return <div class="page"><Failed error={error} retry={() => { plan.reload(); made.reload(); }} /></div>;
  if (!plan.data || !made.data) return <Waiting />;
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t('nav.backup')}</h1>
        {plan.data.possible && <div class="actions"><Button look="primary" hint="n" disabled={asked || running} onClick={() => void makeOne()}>{t('backup.now')}</Button></div>}
      </div>
      {!plan.data.possible ? (
        <Note tone="accent" title={t('backup.elsewhere')}><p>{t('backup.elsewhere.hint')}</p></Note>
      ) : (
        <div class="stack">
          <div class="columns" style={{ alignItems: 'start' }}>
            <Card title={t('backup.plan')}><Plan plan={plan.data} onSaved={plan.set} /></Card>
            <Card title={t('backup.where')}>
              <div class="stack">
                <p>{t('backup.where.hint')}</p>
                <p>{t('backup.restore.hint')}</p>
                <pre class="secret">trawl backup restore FILE --data DIR</pre>
              </div>
            </Card>
          </div>
          {made.data.length === 0 ? <Empty title={t('backup.none')}><p>{t('backup.none.hint')}</p></Empty> : <Rows rows={made.data} />}
        </div>
      )}
    </div>
  );
}
