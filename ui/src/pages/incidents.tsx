// The queue: what needs a person first, to be judged by the keyboard alone.
import { useEffect, useRef, useState } from 'preact/hooks';
import { may } from '../app/session';
import { api, session, words } from '../base/api';
import { each, type Outcome, type Refused } from '../base/bulk';
import { isLook, useEvents } from '../base/events';
import { incidentTerms, saidOf, wrongOf, type Suggestion } from '../base/filter';
import { firstFilter, queueQuery, queueSize } from '../base/first';
import { useKeys } from '../base/keys';
import { useAll, useLater, useLoad, useRows } from '../base/load';
import { askPeople, people, personName, teams } from '../base/people';
import { pullOf, undoPull } from '../base/pull';
import { go, query, setQuery } from '../base/router';
import { severities, type Disposition, type Incident, type Preferences, type SavedView, type Severity, type Source } from '../base/types';
import { AssignDialog, type Assignment } from '../components/assign';
import { Button, DispositionBadge, Empty, Failed, Input, Menu, Note, SeverityBadge, Time, Waiting } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { FilterInput } from '../components/filter';
import { Grid, type Column } from '../components/grid';
import { Guide } from '../components/guide';
import { Reasons } from '../components/need';
import { ColumnsDialog, SaveViewDialog, ViewsDialog, type View } from '../components/views';
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

const builtIn: { words: Key; filter: string }[] = [
  { words: 'incidents.view.open', filter: firstFilter },
  { words: 'incidents.view.mine', filter: 'is:open mine:yes' },
  { words: 'incidents.view.unassigned', filter: 'is:open assignee:none' },
  { words: 'incidents.view.closed', filter: 'is:closed closed:7d sort:newest' },
  { words: 'incidents.view.all', filter: 'is:all sort:newest' },
];
const viewsShown = 8; // as buttons; the others are in the dialog
const start = firstFilter;

/** In the order in which they stand; the names are the API's. */
const columns = (): Column<Incident>[] => [
  { name: 'id', title: t('incidents.column.id'), width: '72px', number: true, cell: (row) => row.id },
  { name: 'severity', title: t('incidents.column.severity'), width: '108px', cell: (row) => <SeverityBadge value={row.severity} /> },
  { name: 'title', title: t('incidents.column.title'), width: 'minmax(200px, 1fr)', cell: (row) => <a href={`/incidents/${row.id}`} tabIndex={-1}>{row.title}</a> },
  { name: 'need', title: t('incidents.column.need'), width: 'minmax(132px, 0.8fr)', cell: (row) => <Reasons incident={row} /> },
  { name: 'verdict', title: t('incidents.column.verdict'), width: '108px', cell: (row) => <DispositionBadge value={row.disposition} /> },
  { name: 'kind', title: t('incidents.column.kind'), width: '132px', cell: (row) => word('kind', row.kind) },
  { name: 'reports', title: t('incidents.column.reports'), width: '56px', number: true, cell: (row) => row.report_count },
  { name: 'alerts', title: t('incidents.column.alerts'), width: '56px', number: true, cell: (row) => `${row.open_alert_count}/${row.alert_count}` },
  { name: 'assignee', title: t('incidents.column.assignee'), width: '92px', cell: (row) => (row.assignee ? personName(row.assignee) : row.team ?? <span class="soft">–</span>) },
  { name: 'team', title: t('incidents.column.team'), width: '92px', cell: (row) => row.team ?? <span class="soft">–</span> },
  { name: 'opened', title: t('incidents.column.opened'), width: '92px', cell: (row) => <Time at={row.opened_at} /> },
  { name: 'waiting', title: t('incidents.column.waiting'), width: '92px', cell: (row) => <Time at={row.waiting_since} /> },
  { name: 'updated', title: t('incidents.column.updated'), width: '92px', cell: (row) => <Time at={row.updated_at} /> },
  { name: 'closed', title: t('incidents.column.closed'), width: '92px', cell: (row) => <Time at={row.closed_at} /> },
  { name: 'reason', title: t('incidents.column.reason'), width: '200px', cell: (row) => row.close_reason ?? '' },
];
const shownAtFirst = ['severity', 'title', 'need', 'verdict', 'reports', 'alerts', 'assignee', 'updated'];

function CloseDialog({ incidents, onGo, onClose }: { incidents: Incident[]; onGo: (reason: string) => void; onClose: () => void }) {
  const [reason, setReason] = useState('');
  return (
    <Dialog title={t('incidents.close.title', { n: incidents.length })} onClose={onClose}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); onGo(reason); onClose(); }}>
        <Input label={t('incidents.close.reason')} hint={t('incidents.close.reason.hint')} value={reason} onChange={setReason} required maxLength={4000} autofocus />
        <div class="row"><Button look="primary" type="submit">{t('do.close')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

function PullDialog({ incidents, onGo, onClose }: { incidents: Incident[]; onGo: (comment: string | null) => void; onClose: () => void }) {
  const [comment, setComment] = useState('');
  const doubtful = incidents.filter((row) => row.need_reasons.includes('untrusted') || row.need_reasons.includes('ambiguous')).length;
  return (
    <Dialog title={t('incidents.pull.title', { n: incidents.length })} onClose={onClose}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); onGo(comment || null); onClose(); }}>
        <p>{t('incidents.pull.hint', { n: incidents.reduce((sum, row) => sum + row.alert_count, 0) })}</p>
        {doubtful > 0 && <Note tone="major">{t('incidents.pull.doubt', { n: doubtful })}</Note>}
        <Input label={t('incident.comment')} hint={t('incidents.close.reason.hint')} value={comment} onChange={setComment} maxLength={4000} autofocus />
        <div class="row"><Button look="danger" type="submit">{t('incidents.key.pull')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

/** What was refused, and why, row by row. */
function RefusedDialog({ refused, onClose }: { refused: Refused<Incident>[]; onClose: () => void }) {
  return (
    <Dialog title={t('incidents.refused.title', { n: refused.length })} onClose={onClose}>
      <div class="stack">
        <ul class="refused">
          {refused.map(({ row, why }) => <li key={row.id}><Note tone="critical" title={<a href={`/incidents/${row.id}`}>#{row.id} {row.title}</a>}><p>{why}</p></Note></li>)}
        </ul>
        <p class="soft">{t('incidents.refused.hint')}</p>
        <div class="row"><Button look="primary" onClick={onClose}>{t('do.close')}</Button></div>
      </div>
    </Dialog>
  );
}

type Asked = { what: 'views' | 'save' | 'columns' } | { what: 'close' | 'pull' | 'assign'; incidents: Incident[] } | { what: 'refused'; refused: Refused<Incident>[] };

/** As the server orders them. */
const byNeed = (a: Incident, b: Incident) => b.need - a.need || b.id - a.id;
const byNumber = (a: Incident, b: Incident) => b.id - a.id;

export function Incidents() {
  const text = query.value.get('q') ?? start;
  const me = session.value?.user.name ?? '';
  const [draft, setDraft] = useState(text);
  const [cursor, setCursor] = useState(0);
  const [picked, setPicked] = useState<ReadonlySet<number>>(new Set());
  const [asked, setAsked] = useState<Asked | null>(null);
  const [busy, setBusy] = useState<{ done: number; all: number } | null>(null);
  const filter = useRef<HTMLInputElement>(null);
  const at = useRef<number | null>(null); // the incident under the cursor, when the list is loaded anew
  const sort = saidOf(text, 'sort');
  const list = useRows<Incident>('/incidents', queueQuery(text), queueSize, sort === 'newest' ? byNumber : byNeed);
  const wrong = wrongOf(list.error, incidentTerms);
  const later = useLater();
  const sources = useAll<Source>(later ? '/sources' : null);
  const saved = useAll<SavedView>('/views');
  const liked = useLoad<Preferences>('/preferences');
  const { rows } = list;
  useEffect(() => { if (later) askPeople(); }, [later]);
  const more: Record<string, Suggestion[]> = {
    source: (sources.data ?? []).map((one) => ({ text: String(one.id), more: one.name })),
    assignee: people.value.map((one) => ({ text: one.name, more: one.display_name ?? '' })),
    team: teams.value.map((one) => ({ text: one.name.includes(' ') ? `"${one.name}"` : one.name, more: one.description })),
  };

  useEvents((event) => event.incident_id !== null && !isLook(event), (events) => list.refresh(Math.max(0, Math.min(...events.map((event) => event.seq)) - 1)));
  useEffect(() => setDraft(text), [text]);
  useEffect(() => {
    if (at.current === null || list.loading) return;
    setCursor(Math.max(0, rows.findIndex((row) => row.id === at.current)));
    at.current = null;
  }, [list.loading]);

  const chosen = () => {
    const some = rows.filter((row) => picked.has(row.id));
    const here = rows[cursor];
    return some.length ? some : here ? [here] : [];
  };
  const open = () => chosen().filter((row) => row.state === 'open');

  function show(next: string, view?: number): void {
    setDraft(next);
    setCursor(0);
    setPicked(new Set());
    setQuery({ q: next === start ? null : next, view: view ? String(view) : null });
  }

  const views: View[] = [
    ...builtIn.map((view) => ({ name: t(view.words), filter: view.filter })),
    ...(saved.data ?? []).map((one) => ({ id: one.id, name: one.name, filter: one.filter, saved: one })).sort((a, b) => a.name.localeCompare(b.name)),
  ];
  const viewId = Number(query.value.get('view'));
  const view = views.find((one) => (viewId ? one.id === viewId : !one.id && one.filter === text));
  const columnsOfView = view?.saved?.columns ?? [];
  const [choice, setChoice] = useState<string[] | null>(null); // of columns, until it is kept
  const keeping = useRef(Promise.resolve());
  const liking = columnsOfView.length ? columnsOfView : liked.data?.incident_columns ?? [];
  const names = liking.length ? liking : shownAtFirst;
  const shown = columns().filter((column) => column.name === 'title' || names.includes(column.name));

  /** Of a view of one's own they are the view's, otherwise the person's. One after the other, in the order of the choices. */
  function choose(next: string[]): void {
    const own = view?.saved?.owner === me && columnsOfView.length > 0 ? view.saved : undefined;
    setChoice(next);
    keeping.current = keeping.current.then(async () => {
      try {
        if (own) {
          const after = await api.patch<SavedView>(`/views/${own.id}`, { columns: next });
          saved.set((saved.data ?? []).map((one) => (one.id === after.id ? after : one)));
        } else liked.set(await api.patch<Preferences>('/preferences', { incident_columns: next }));
      } catch (error) {
        liked.reload();
        say(words(error), 'critical');
      }
      setChoice((now) => (now === next ? null : now));
    });
  }

  function pick(row: Incident | undefined): void {
    if (!row) return;
    const next = new Set(picked);
    if (!next.delete(row.id)) next.add(row.id);
    setPicked(next);
  }

  /** The newest state of the list, with the cursor on the incident that it is on now. */
  function renew(): void {
    at.current = rows[cursor]?.id ?? null;
    list.reload();
  }

  /** One change to many: each by itself; what is done is done, and what is refused stays picked. */
  async function change<R>(incidents: Incident[], run: (row: Incident) => Promise<R>): Promise<Outcome<Incident, R>> {
    if (incidents.length > 1) setBusy({ done: 0, all: incidents.length });
    const outcome = await each(incidents, run, (done) => incidents.length > 1 && setBusy({ done, all: incidents.length }));
    setBusy(null);
    if (outcome.refused.length) {
      setPicked(new Set(outcome.refused.map(({ row }) => row.id)));
      if (outcome.refused.length === 1 && incidents.length === 1) say(outcome.refused[0]!.why, 'critical');
      else setAsked({ what: 'refused', refused: outcome.refused });
    }
    return outcome;
  }

  /** Shown at once; taken back where the server refuses, and by Undo. */
  async function put(incidents: Incident[], members: (row: Incident) => Partial<Incident>, said: (n: number) => string): Promise<void> {
    for (const row of incidents) list.put({ ...row, ...members(row) });
    const outcome = await change(incidents, (row) => api.patch<Incident>(`/incidents/${row.id}`, members(row)));
    for (const { row } of outcome.refused) list.put(row);
    for (const { result } of outcome.done) list.put(result);
    const done = outcome.done.map(({ row }) => row);
    if (!done.length) return;
    const undo = () => void change(done, (row) =>
      api.patch<Incident>(`/incidents/${row.id}`, Object.fromEntries(Object.keys(members(row)).map((name) => [name, row[name as keyof Incident]]))).then(list.put));
    say(said(done.length), 'good', undo);
  }
  const judge = (verdict: Disposition) => put(chosen(), () => ({ disposition: verdict }), (n) => t('incidents.verdict.said', { verdict: word('disposition', verdict), n }));
  const rate = (severity: Severity) => put(chosen(), () => ({ severity }), (n) => t('incidents.severity.said', { severity: word('severity', severity), n }));
  const assign = (incidents: Incident[], to: Assignment) =>
    put(incidents, () => to, (n) => t('incidents.assigned.said', { name: to.team ?? (to.assignee ? personName(to.assignee) : t('team' in to ? 'assign.noteam' : 'assign.nobody')), n }));

  async function close(incidents: Incident[], reason: string): Promise<void> {
    setPicked(new Set());
    const outcome = await change(incidents, (row) => api.post<Incident>(`/incidents/${row.id}/close`, { reason }));
    for (const { result } of outcome.done) list.put(result);
    const done = outcome.done.map(({ row }) => row);
    if (done.length)
      say(t('incidents.closed.said', { n: done.length }), 'good', () => void change(done, (row) => api.post<Incident>(`/incidents/${row.id}/reopen`, {}).then(list.put)));
  }

  async function pull(incidents: Incident[], comment: string | null): Promise<void> {
    setPicked(new Set());
    const { done } = await change(incidents, (row) => pullOf(row.id, comment));
    if (!done.length) return;
    const pulls = new Map(done.map(({ row, result }) => [row.id, result]));
    say(t('incidents.pulled.said', { n: done.length }), 'good', async () => {
      say(t('incidents.back.said', { n: done.length }), 'accent');
      await change(done.map(({ row }) => row), (row) => undoPull(pulls.get(row.id)!));
    });
  }

  const ask = (what: 'close' | 'pull' | 'assign') => {
    const incidents = what === 'close' ? open() : chosen();
    if (incidents.length) setAsked({ what, incidents });
  };
  const move = (step: number) => setCursor((row) => Math.max(0, Math.min(rows.length - 1, row + step)));
  const pickAll = () => setPicked(picked.size ? new Set() : new Set(rows.map((row) => row.id)));
  useKeys([
    { key: 'j', words: t('incidents.key.down'), run: () => move(1) },
    { key: 'ArrowDown', words: t('incidents.key.down'), run: () => move(1) },
    { key: 'k', words: t('incidents.key.up'), run: () => move(-1) },
    { key: 'ArrowUp', words: t('incidents.key.up'), run: () => move(-1) },
    { key: 'Home', words: t('incidents.key.first'), run: () => setCursor(0) },
    { key: 'End', words: t('incidents.key.last'), run: () => setCursor(Math.max(0, rows.length - 1)) },
    { key: 'PageDown', words: t('incidents.key.down'), run: () => move(15) },
    { key: 'PageUp', words: t('incidents.key.up'), run: () => move(-15) },
    { key: 'Enter', words: t('incidents.key.open'), run: () => rows[cursor] && go(`/incidents/${rows[cursor].id}`) },
    { key: 'x', words: t('incidents.key.pick'), run: () => pick(rows[cursor]) },
    { key: '*', words: t('incidents.key.all'), run: pickAll },
    { key: 'v', words: t('incidents.key.views'), run: () => setAsked({ what: 'views' }) },
    { key: 'w', words: t('incidents.key.save'), run: () => setAsked({ what: 'save' }) },
    { key: 'o', words: t('incidents.key.columns'), run: () => setAsked({ what: 'columns' }) },
    { key: '/', words: t('incidents.key.filter'), run: () => filter.current?.focus() },
    ...(may('triage') ? [
      ...verdictKeys.map(({ key, verdict }) => ({ key, words: t('incidents.key.verdict', { verdict: word('disposition', verdict) }), run: () => void judge(verdict) })),
      ...severities.map((severity, i) => ({ key: String(i + 1), words: t('incidents.key.severity', { severity: word('severity', severity) }), run: () => void rate(severity) })),
      { key: 'a', words: t('incidents.key.assign'), run: () => ask('assign') },
      { key: 'e', words: t('incidents.key.close'), run: () => ask('close') },
    ] : []),
    ...(may('respond') ? [{ key: 'q', words: t('incidents.key.pull'), run: () => ask('pull') }] : []),
  ]);

  const picks: Column<Incident> = {
    name: 'pick', title: <span class="visually-hidden">{t('incidents.pick')}</span>, width: '24px',
    cell: (row) => <input type="checkbox" tabIndex={-1} aria-label={`${t('incidents.pick')}: ${row.title}`} checked={picked.has(row.id)} onChange={() => pick(row)} onClick={(event) => event.stopPropagation()} />,
  };
  const nothing = list.complete && rows.length === 0;
  const state = saidOf(text, 'is');
  const gone = (row: Incident) => (!list.loading && (state === 'open' || state === 'closed') && row.state !== state ? t('incidents.gone') : null);
  return (
    <div class="page full">
      <div class="page-head">
        <h1>{t('incidents.title')}</h1>
        {picked.size > 0 ? (
          <div class="bulk" role="toolbar" aria-label={t('incidents.bulk')}>
            <span role="status">{busy ? t('incidents.busy', busy) : t('incidents.picked', { n: picked.size })}</span>
            {may('triage') && <Menu label={t('incidents.bulk.verdict')}>{verdictKeys.map(({ key, verdict }) => <button key={key} type="button" onClick={() => void judge(verdict)}>{word('disposition', verdict)} <kbd>{key}</kbd></button>)}</Menu>}
            {may('triage') && <Menu label={t('incident.severity')}>{severities.map((severity, i) => <button key={severity} type="button" onClick={() => void rate(severity)}>{word('severity', severity)} <kbd>{i + 1}</kbd></button>)}</Menu>}
            {may('triage') && <Button hint="a" onClick={() => ask('assign')}>{t('incidents.key.assign')}</Button>}
            {may('triage') && <Button hint="e" onClick={() => ask('close')}>{t('do.close')}</Button>}
            {may('respond') && <Button look="danger" hint="q" onClick={() => ask('pull')}>{t('incidents.key.pull')}</Button>}
            <Button look="quiet" onClick={() => setPicked(new Set())}>{t('incidents.bulk.none')}</Button>
          </div>
        ) : (
          <>
            <div class="row" role="group" aria-label={t('incidents.title')}>
              {views.slice(0, viewsShown).map((one) => <Button key={one.id ?? one.filter} look="quiet" title={one.filter} aria-pressed={one === view && one.filter === text} onClick={() => show(one.filter, one.id)}>{one.name}</Button>)}
              {view && views.indexOf(view) >= viewsShown && <Button look="quiet" title={view.filter} aria-pressed="true" onClick={() => show(view.filter, view.id)}>{view.name}</Button>}
              <Button look="quiet" hint="v" onClick={() => setAsked({ what: 'views' })}>{t('views.title')}</Button>
            </div>
            <div class="actions">
              {view?.filter !== text && <Button look="quiet" hint="w" onClick={() => setAsked({ what: 'save' })}>{t('views.save')}</Button>}
              <Button look="quiet" hint="o" onClick={() => setAsked({ what: 'columns' })}>{t('columns.title')}</Button>
              {list.fresh > 0 && <Button onClick={renew}>{t('say.fresh', { n: list.fresh })}</Button>}
            </div>
          </>
        )}
      </div>
      <FilterInput input={filter} label={t('incidents.filter')} placeholder={t('incidents.filter.hint')} value={draft} terms={incidentTerms} wrong={draft === text ? wrong : []} more={more}
        onInput={setDraft} onSubmit={(next) => { show(next, viewId || undefined); filter.current?.blur(); }} />
      {wrong.length > 0 ? <Empty title={t('filter.wrong')} /> : list.error && rows.length === 0 ? <Failed error={list.error} retry={list.again} /> : nothing ? (
        text === start ? <Guide onReport={list.reload} />
          : <Empty title={t('incidents.empty')}><p>{t('incidents.empty.hint')}</p></Empty>
      ) : (
        <Grid label={t('incidents.title')} columns={[picks, ...shown]} rows={rows} cursor={cursor} picked={picked} gone={gone}
          onCursor={setCursor} onOpen={(row) => go(`/incidents/${row.id}`)} onEnd={list.more} foot={list.error ? <Failed error={list.error} retry={list.again} /> : list.loading && rows.length === 0 ? <Waiting /> : null} />
      )}
      {asked?.what === 'views' && <ViewsDialog views={views} onChoose={(one) => show(one.filter, one.id)} onChanged={saved.reload} onClose={() => setAsked(null)} />}
      {asked?.what === 'save' && <SaveViewDialog filter={text} columns={names} current={view} onSaved={(one) => { saved.reload(); setQuery({ view: String(one.id) }); }} onClose={() => setAsked(null)} />}
      {asked?.what === 'columns' && <ColumnsDialog all={columns().map((column) => ({ name: column.name, words: t(`incidents.column.${column.name}` as Key) }))} shown={choice ?? shown.map((column) => column.name)} onChange={choose} onClose={() => setAsked(null)} />}
      {asked?.what === 'close' && <CloseDialog incidents={asked.incidents} onGo={(reason) => void close(asked.incidents, reason)} onClose={() => setAsked(null)} />}
      {asked?.what === 'pull' && <PullDialog incidents={asked.incidents} onGo={(comment) => void pull(asked.incidents, comment)} onClose={() => setAsked(null)} />}
      {asked?.what === 'assign' && <AssignDialog assignee={asked.incidents[0]!.assignee} team={asked.incidents[0]!.team} onChoose={(to) => void assign(asked.incidents, to)} onClose={() => setAsked(null)} />}
      {asked?.what === 'refused' && <RefusedDialog refused={asked.refused} onClose={() => setAsked(null)} />}
    </div>
  );
}
