// The queue: what needs a person, to be judged by the keyboard alone.
import { useMemo, useRef, useState } from 'preact/hooks';
import { may } from '../app/session';
import { api, session, words } from '../base/api';
import { useEvents } from '../base/events';
import { parseFilter } from '../base/filter';
import { useKeys } from '../base/keys';
import { useRows } from '../base/load';
import { go, query, setQuery } from '../base/router';
import type { Disposition, Incident } from '../base/types';
import { Button, DispositionBadge, Empty, Failed, Input, SeverityBadge, Time, Waiting } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { Grid, type Column } from '../components/grid';
import { Guide } from '../components/guide';
import { Reasons } from '../components/need';
import { t, word, type Key } from '../i18n';

/** One key a verdict. */
export const verdictKeys: { key: string; verdict: Disposition }[] = [
  { key: 'm', verdict: 'malicious' },
  { key: 'u', verdict: 'suspicious' },
  { key: 'p', verdict: 'spam' },
  { key: 'b', verdict: 'bulk' },
  { key: 'l', verdict: 'low_risk' },
  { key: 'n', verdict: 'known_good' },
];

const views: { words: Key; filter: string }[] = [
  { words: 'incidents.view.open', filter: 'is:open' },
  { words: 'incidents.view.mine', filter: 'is:open assignee:me' },
  { words: 'incidents.view.closed', filter: 'is:closed' },
  { words: 'incidents.view.all', filter: 'is:all' },
];

const columns = (): Column<Incident>[] => [
  { name: 'severity', title: t('incidents.column.severity'), width: '112px', cell: (row) => <SeverityBadge value={row.severity} /> },
  { name: 'title', title: t('incidents.column.title'), width: 'minmax(240px, 1fr)', cell: (row) => <a href={`/incidents/${row.id}`} tabIndex={-1}>{row.title}</a> },
  { name: 'need', title: t('incidents.column.need'), width: '236px', cell: (row) => <Reasons incident={row} /> },
  { name: 'verdict', title: t('incidents.column.verdict'), width: '124px', cell: (row) => <DispositionBadge value={row.disposition} /> },
  { name: 'reports', title: t('incidents.column.reports'), width: '84px', number: true, cell: (row) => row.report_count },
  { name: 'alerts', title: t('incidents.column.alerts'), width: '84px', number: true, cell: (row) => `${row.open_alert_count}/${row.alert_count}` },
  { name: 'assignee', title: t('incidents.column.assignee'), width: '132px', cell: (row) => row.assignee ?? <span class="soft">–</span> },
  { name: 'updated', title: t('incidents.column.updated'), width: '112px', cell: (row) => <Time at={row.updated_at} /> },
];

function CloseDialog({ incidents, onDone, onClose }: { incidents: Incident[]; onDone: () => void; onClose: () => void }) {
  const [reason, setReason] = useState('');
  async function close(event: Event): Promise<void> {
    event.preventDefault();
    try {
      for (const incident of incidents) await api.post(`/incidents/${incident.id}/close`, { reason });
      say(t('incidents.closed.said'));
      onDone();
    } catch (error) {
      say(words(error), 'critical');
    }
    onClose();
  }
  return (
    <Dialog title={t('incidents.close.title', { n: incidents.length })} onClose={onClose}>
      <form class="stack" onSubmit={close}>
        <Input label={t('incidents.close.reason')} hint={t('incidents.close.reason.hint')} value={reason} onChange={setReason} required autofocus />
        <div class="row"><Button look="primary" type="submit">{t('do.close')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

export function Incidents() {
  const text = query.value.get('q') ?? 'is:open';
  const [draft, setDraft] = useState(text);
  const [cursor, setCursor] = useState(0);
  const [picked, setPicked] = useState<ReadonlySet<number>>(new Set());
  const [closing, setClosing] = useState<Incident[] | null>(null);
  const filter = useRef<HTMLInputElement>(null);
  const parsed = useMemo(() => parseFilter(text, session.value?.user.name ?? ''), [text]);
  const list = useRows<Incident>('/incidents', { sort: 'need', ...parsed.query });
  const { rows } = list;

  useEvents((event) => event.incident_id !== null, () => list.refresh());

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

  function pick(row: Incident | undefined): void {
    if (!row) return;
    const next = new Set(picked);
    if (!next.delete(row.id)) next.add(row.id);
    setPicked(next);
  }

  /** Shown at once; taken back when the server refuses. */
  async function judge(verdict: Disposition): Promise<void> {
    const before = chosen();
    for (const row of before) list.put({ ...row, disposition: verdict });
    const change = (incidents: Incident[], to: (row: Incident) => Disposition) =>
      Promise.all(incidents.map((row) => api.patch<Incident>(`/incidents/${row.id}`, { disposition: to(row) }).then(list.put)));
    try {
      await change(before, () => verdict);
      say(t('incidents.verdict.said', { verdict: word('disposition', verdict), n: before.length }), 'good', () =>
        void change(before, (row) => row.disposition).catch((error) => say(words(error), 'critical')));
    } catch (error) {
      before.forEach(list.put);
      say(words(error), 'critical');
    }
  }

  const move = (step: number) => setCursor((at) => Math.max(0, Math.min(rows.length - 1, at + step)));
  useKeys([
    { key: 'j', words: t('incidents.key.down'), run: () => move(1) },
    { key: 'ArrowDown', words: t('incidents.key.down'), run: () => move(1) },
    { key: 'k', words: t('incidents.key.up'), run: () => move(-1) },
    { key: 'ArrowUp', words: t('incidents.key.up'), run: () => move(-1) },
    { key: 'Enter', words: t('incidents.key.open'), run: () => rows[cursor] && go(`/incidents/${rows[cursor].id}`) },
    { key: 'x', words: t('incidents.key.pick'), run: () => pick(rows[cursor]) },
    { key: '/', words: t('incidents.key.filter'), run: () => filter.current?.focus() },
    ...(may('triage') ? [
      ...verdictKeys.map(({ key, verdict }) => ({ key, words: t('incidents.key.verdict', { verdict: word('disposition', verdict) }), run: () => void judge(verdict) })),
      { key: 'c', words: t('incidents.key.close'), run: () => chosen().length > 0 && setClosing(chosen()) },
    ] : []),
  ]);

  const picks: Column<Incident> = {
    name: 'pick', title: <span class="visually-hidden">{t('incidents.pick')}</span>, width: '24px',
    cell: (row) => <input type="checkbox" tabIndex={-1} aria-label={`${t('incidents.pick')}: ${row.title}`} checked={picked.has(row.id)} onChange={() => pick(row)} onClick={(event) => event.stopPropagation()} />,
  };
  const nothing = list.complete && rows.length === 0;
  return (
    <div class="page full">
      <div class="page-head">
        <h1>{t('incidents.title')}</h1>
        <div class="row" role="group" aria-label={t('incidents.title')}>
          {views.map((view) => <Button key={view.filter} look="quiet" aria-pressed={text === view.filter} onClick={() => show(view.filter)}>{t(view.words)}</Button>)}
        </div>
        <div class="actions">
          {picked.size > 0 && <span class="soft">{t('incidents.picked', { n: picked.size })}</span>}
          {list.fresh > 0 && <Button onClick={() => { list.reload(); setCursor(0); }}>{t('say.fresh', { n: list.fresh })}</Button>}
        </div>
      </div>
      <form class="stack" role="search" style={{ marginBottom: '12px' }} onSubmit={(event) => { event.preventDefault(); show(draft.trim()); filter.current?.blur(); }}>
        <input ref={filter} class="input mono" type="search" aria-label={t('incidents.filter')} placeholder={t('incidents.filter.hint')} value={draft}
          onInput={(event) => setDraft(event.currentTarget.value)} onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()} />
        {parsed.wrong.length > 0 && <p class="wrong" role="alert">{t('incidents.filter.wrong', { words: parsed.wrong.join(' ') })}</p>}
      </form>
      {list.error ? <Failed error={list.error} retry={list.reload} /> : nothing ? (
        text === 'is:open' ? <Guide onReport={list.reload} />
          : <Empty title={t('incidents.empty')}><p>{t('incidents.empty.hint')}</p></Empty>
      ) : (
        <Grid label={t('incidents.title')} columns={[picks, ...columns()]} rows={rows} cursor={cursor} picked={picked}
          onCursor={setCursor} onOpen={(row) => go(`/incidents/${row.id}`)} onEnd={list.more} foot={list.loading && rows.length === 0 ? <Waiting /> : null} />
      )}
      {closing && <CloseDialog incidents={closing} onDone={() => { setPicked(new Set()); list.refresh(); }} onClose={() => setClosing(null)} />}
    </div>
  );
}
