// Alerts: one a recipient of what was reported. The queue by people instead of by message.
import { useRef, useState } from 'preact/hooks';
import { may } from '../app/session';
import { api, words } from '../base/api';
import { isLook, useEvents } from '../base/events';
import { alertTerms, filterQuery, wrongOf } from '../base/filter';
import { useKeys } from '../base/keys';
import { useAll, useRows } from '../base/load';
import { go, query, setQuery } from '../base/router';
import { titleOf } from '../base/titles';
import type { Alert, Disposition, Source } from '../base/types';
import { Badge, Button, DispositionBadge, Empty, Failed, Input, SeverityBadge, Time, Waiting } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { FilterInput } from '../components/filter';
import { Grid, type Column } from '../components/grid';
import { t, word, type Key } from '../i18n';
import { verdictKeys } from './incidents';

const views: { words: Key; filter: string }[] = [
  { words: 'incidents.view.open', filter: 'is:open' },
  { words: 'incidents.view.closed', filter: 'is:closed' },
  { words: 'incidents.view.all', filter: 'is:all' },
];

function Title({ incident }: { incident: number }) {
  return <a href={`/incidents/${incident}`} tabIndex={-1}>{titleOf(incident) ?? <span class="soft">#{incident}</span>}</a>;
}

function columns(sources: Source[] | undefined): Column<Alert>[] {
  const nameOf = (id: number) => sources?.find((source) => source.id === id)?.name ?? `#${id}`;
  return [
    { name: 'severity', title: t('incidents.column.severity'), width: '108px', cell: (row) => <SeverityBadge value={row.severity} /> },
    { name: 'recipient', title: t('alerts.recipient'), width: 'minmax(150px, 0.8fr)', cell: (row) => <span title={row.recipient}>{row.recipient}{!row.trusted && <> <Badge tone="major" title={t('incident.untrusted.hint')}>{t('incident.untrusted')}</Badge></>}</span> },
    { name: 'role', title: t('alerts.role'), width: '84px', cell: (row) => word('role', row.role) },
    { name: 'title', title: t('incidents.column.title'), width: 'minmax(150px, 1fr)', cell: (row) => <Title incident={row.incident_id} /> },
    { name: 'verdict', title: t('incidents.column.verdict'), width: '108px', cell: (row) => <DispositionBadge value={row.disposition} /> },
    { name: 'state', title: t('alerts.state'), width: '76px', cell: (row) => <span title={row.close_reason ?? undefined}>{word('state', row.state)}</span> },
    { name: 'source', title: t('alerts.source'), width: '84px', cell: (row) => nameOf(row.source_id) },
    { name: 'opened', title: t('alerts.opened'), width: '92px', cell: (row) => <Time at={row.opened_at} /> },
  ];
}

function CloseDialog({ alerts, onDone, onClose }: { alerts: Alert[]; onDone: (alert: Alert) => void; onClose: () => void }) {
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  async function close(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      for (const alert of alerts) onDone(await api.post<Alert>(`/alerts/${alert.id}/close`, { reason }));
      say(t('alerts.closed.said', { n: alerts.length }));
      onClose();
    } catch (error) {
      say(words(error), 'critical');
      setBusy(false);
    }
  }
  return (
    <Dialog title={t('alerts.close.title', { n: alerts.length })} onClose={onClose}>
      <form class="stack" onSubmit={close}>
        <Input label={t('incidents.close.reason')} hint={t('incidents.close.reason.hint')} value={reason} onChange={setReason} required autofocus />
        <div class="row"><Button look="primary" type="submit" disabled={busy}>{t('do.close')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

export function Alerts() {
  const text = query.value.get('q') ?? 'is:open';
  const [draft, setDraft] = useState(text);
  const [cursor, setCursor] = useState(0);
  const [picked, setPicked] = useState<ReadonlySet<number>>(new Set());
  const [closing, setClosing] = useState<Alert[] | null>(null);
  const filter = useRef<HTMLInputElement>(null);
  const list = useRows<Alert>('/alerts', filterQuery(text));
  const wrong = wrongOf(list.error, alertTerms);
  const sources = useAll<Source>('/sources');
  const { rows } = list;
  useEvents((event) => event.incident_id !== null && !isLook(event), () => list.refresh());

  const chosen = () => {
    const some = rows.filter((row) => picked.has(row.id));
    const at = rows[cursor];
    return some.length ? some : at ? [at] : [];
  };
  function show(next: string): void {
    setDraft(next);
    setCursor(0);
    setPicked(new Set());
    setQuery({ q: next === 'is:open' ? null : next });
  }
  function pick(row: Alert | undefined): void {
    if (!row) return;
    const next = new Set(picked);
    if (!next.delete(row.id)) next.add(row.id);
    setPicked(next);
  }
  /** Shown at once; taken back when the server refuses. */
  async function judge(verdict: Disposition): Promise<void> {
    const before = chosen();
    for (const row of before) list.put({ ...row, disposition: verdict });
    const change = (alerts: Alert[], to: (row: Alert) => Disposition) =>
      Promise.all(alerts.map((row) => api.patch<Alert>(`/alerts/${row.id}`, { disposition: to(row) }).then(list.put)));
    try {
      await change(before, () => verdict);
      say(t('alerts.verdict.said', { verdict: word('disposition', verdict), n: before.length }), 'good', () =>
        void change(before, (row) => row.disposition).catch((error) => say(words(error), 'critical')));
    } catch (error) {
      before.forEach(list.put);
      say(words(error), 'critical');
    }
  }

  const move = (step: number) => setCursor((at) => Math.max(0, Math.min(rows.length - 1, at + step)));
  useKeys([
    { key: 'j', words: t('alerts.key.down'), run: () => move(1) },
    { key: 'ArrowDown', words: t('alerts.key.down'), run: () => move(1) },
    { key: 'k', words: t('alerts.key.up'), run: () => move(-1) },
    { key: 'ArrowUp', words: t('alerts.key.up'), run: () => move(-1) },
    { key: 'Enter', words: t('incidents.key.open'), run: () => rows[cursor] && go(`/incidents/${rows[cursor].incident_id}`) },
    { key: 'x', words: t('incidents.key.pick'), run: () => pick(rows[cursor]) },
    { key: '/', words: t('incidents.key.filter'), run: () => filter.current?.focus() },
    ...(may('triage') ? [
      ...verdictKeys.map(({ key, verdict }) => ({ key, words: t('incidents.key.verdict', { verdict: word('disposition', verdict) }), run: () => void judge(verdict) })),
      { key: 'c', words: t('alerts.key.close'), run: () => { const some = chosen().filter((row) => row.state === 'open'); if (some.length) setClosing(some); } },
    ] : []),
  ]);

  const picks: Column<Alert> = {
    name: 'pick', title: <span class="visually-hidden">{t('incidents.pick')}</span>, width: '24px',
    cell: (row) => <input type="checkbox" tabIndex={-1} aria-label={`${t('incidents.pick')}: ${row.recipient}`} checked={picked.has(row.id)} onChange={() => pick(row)} onClick={(event) => event.stopPropagation()} />,
  };
  const nothing = list.complete && rows.length === 0;
  return (
    <div class="page full">
      <div class="page-head">
        <h1>{t('nav.alerts')}</h1>
        <div class="row" role="group" aria-label={t('nav.alerts')}>
          {views.map((view) => <Button key={view.filter} look="quiet" aria-pressed={text === view.filter} onClick={() => show(view.filter)}>{t(view.words)}</Button>)}
        </div>
        <div class="actions">
          {picked.size > 0 && <span class="soft">{t('incidents.picked', { n: picked.size })}</span>}
          {list.fresh > 0 && <Button onClick={() => { list.reload(); setCursor(0); }}>{t('say.fresh', { n: list.fresh })}</Button>}
        </div>
      </div>
      <FilterInput input={filter} label={t('incidents.filter')} placeholder={t('alerts.filter.hint')} value={draft} terms={alertTerms} wrong={draft === text ? wrong : []}
        more={{ source: (sources.data ?? []).map((one) => ({ text: String(one.id), more: one.name })) }} onInput={setDraft} onSubmit={(next) => { show(next); filter.current?.blur(); }} />
      {wrong.length > 0 ? <Empty title={t('filter.wrong')} /> : list.error && rows.length === 0 ? <Failed error={list.error} retry={list.again} /> : nothing ? (
        <Empty title={t('alerts.none')}><p>{t(text === 'is:open' ? 'alerts.none.hint' : 'incidents.empty.hint')}</p></Empty>
      ) : (
        <Grid label={t('nav.alerts')} columns={[picks, ...columns(sources.data)]} rows={rows} cursor={cursor} picked={picked}
          onCursor={setCursor} onOpen={(row) => go(`/incidents/${row.incident_id}`)} onEnd={list.more} foot={list.error ? <Failed error={list.error} retry={list.again} /> : list.loading && rows.length === 0 ? <Waiting /> : null} />
      )}
      {closing && <CloseDialog alerts={closing} onDone={(alert) => { list.put(alert); setPicked(new Set()); }} onClose={() => setClosing(null)} />}
    </div>
  );
}
