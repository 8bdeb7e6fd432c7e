// One incident: what was reported, by whom, who has it, and what is to be done about it. Each decision has a key.
import { useEffect, useState } from 'preact/hooks';
import { may } from '../app/session';
import type { PageProps } from '../app/pages';
import { api, session, words } from '../base/api';
import { defang, type Breakdown, type Link, type Message } from '../base/breakdown';
import { copyWord, inDetail } from '../base/detail';
import { isLook, useEvents } from '../base/events';
import { useKeys } from '../base/keys';
import { useLoad, type Loaded } from '../base/load';
import { actorName, askPeople, personName } from '../base/people';
import { pullOf, undoPull } from '../base/pull';
import { go } from '../base/router';
import { format } from '../base/time';
import { severities, type Activity, type Alert, type Comment, type Disposition, type Incident as Row, type IncidentWhole, type Original, type Page, type QuarantineResult, type Report, type Response, type SearchPage, type Severity } from '../base/types';
import { AssignDialog, type Assignment } from '../components/assign';
import { Badge, Button, Card, DispositionBadge, Empty, Failed, FailedPage, Input, Note, SeverityBadge, Tabs, Time, Waiting } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { HoldCard } from '../components/hold';
import { MessageView } from '../components/message';
import { CommentItem, CommentText, Composer, focusComposer } from '../components/talk';
import { NeedCard } from '../components/need';
import { copyTones, Recipients } from '../components/recipients';
import { Actor, Name, Title } from '../components/name';
import { t, word } from '../i18n';
import { verdictKeys } from './incidents';

interface Parts {
  alerts: Alert[]; // the newest; maybe not all
  more: boolean;
  results: QuarantineResult[]; // of the last pull, the newest
  reports: Report[];
  responses: Response[];
  comments: Comment[];
  activity: Activity[];
}

/** Everything that belongs to an incident, asked for at once. */
function useParts(id: string): { parts: Parts | null; error: unknown; reload: () => void } {
  const alerts = useLoad<Page<Alert>>(`/incidents/${id}/alerts`, { limit: 500 });
  const reports = useLoad<Page<Report>>(`/incidents/${id}/reports`, { limit: 500 });
  const responses = useLoad<Page<Response>>(`/incidents/${id}/responses`, { limit: 50 });
  const comments = useLoad<Page<Comment>>(`/incidents/${id}/comments`, { limit: 500 });
  const activity = useLoad<Page<Activity>>(`/incidents/${id}/activity`, { limit: 500, before: 0 });
  const last = responses.data?.items.find((one) => one.kind === 'quarantine');
  const results = useLoad<Page<QuarantineResult>>(last ? `/responses/${last.id}/results` : null, { limit: 500 });
  const lists = [alerts, reports, responses, comments, activity];
  const ready = lists.every((list) => list.data);
  return {
    parts: ready ? {
      alerts: alerts.data!.items, more: alerts.data!.next !== null, reports: reports.data!.items, responses: responses.data!.items, comments: comments.data!.items, activity: activity.data!.items, results: results.data?.items ?? [],
    } : null,
    error: lists.find((list) => list.error)?.error,
    reload: () => [...lists, results].forEach((list) => list.reload()),
  };
}

/** What was reported, or why there is nothing of it to be seen. */
function Reported({ kind, original: { data, error, reload }, reports }: { kind: string; original: Loaded<Original & { breakdown: Breakdown }>; reports?: Report[] }) {
  if (!data) return error ? <Failed error={error} retry={reload} /> : <Empty title={word('kind', kind)} />;
  if (data.content_removed_at) return <ContentRemoved at={data.content_removed_at} />;
  return <MessageView breakdown={data.breakdown} bodies={data.bodies ?? false} vip={data.vip && may('content')} original={data} reports={reports} />;
}

function ContentRemoved({ at }: { at: string }) {
  return <Empty title={t('hold.content')}><p>{t('hold.content.hint', { when: format(at) })}</p></Empty>;
}

function Reports({ reports }: { reports: Report[] }) {
  return (
    <div class="table">
      <table>
        <thead><tr><th>{t('incident.reporter')}</th><th>{t('incident.form')}</th><th>{t('incident.trust')}</th><th>{t('incident.located')}</th><th>{t('incident.received')}</th></tr></thead>
        <tbody>
          {reports.map((report) => (
            <tr key={report.id}>
              <td class="who">{report.reporter_name ?? report.reporter ?? '–'}{report.reporter_name && <div class="soft">{report.reporter}</div>}</td>
              <td>{word('form', report.form ?? 'none')}</td>
              <td><Badge tone={report.trusted ? 'good' : 'major'} title={report.trust_reason ?? undefined}>{report.trusted ? t('incident.trusted') : t('incident.untrusted')}</Badge></td>
              <td>{word('located', report.located ?? 'not_needed')}</td>
              <td><Time at={report.received_at ?? report.found_at} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Happened({ one }: { one: Activity }) {
  return (
    <>
      <Time at={one.at} /> <strong>{word('action', one.action)}</strong> <span class="soft"><Actor actor={one.actor} /></span>
      {one.detail && Object.keys(one.detail).length > 0 && <div class="soft break">{inDetail(one.detail)}</div>}
    </>
  );
}

/** What happened and what was said, newest first; a comment stands where it was made, as it is now. */
function Timeline({ incident, parts, onDone }: { incident: number; parts: Parts; onDone: () => void }) {
  const said = new Map(parts.comments.map((one) => [one.id, one]));
  const rows = parts.activity.filter((one) => one.action !== 'comment.edit' && (one.action !== 'comment.delete' || !said.has(one.object_id)));
  return (
    <div class="stack">
      {may('triage') && <Composer incident={incident} onDone={onDone} />}
      <ol class="timeline" aria-live="polite" aria-relevant="additions">
        {rows.map((one) => {
          const comment = one.action === 'comment.add' ? said.get(one.object_id) : undefined;
          return <li key={one.seq}>{comment ? <CommentItem comment={comment} onDone={onDone} /> : <Happened one={one} />}</li>;
        })}
      </ol>
    </div>
  );
}

/** The last that was said, where it is seen without looking for it. */
function LastWords({ comments, onAll }: { comments: Comment[]; onAll: () => void }) {
  const last = comments.filter((one) => one.text !== null).slice(0, 2);
  if (!last.length) return null;
  return (
    <Card title={t('talk.title')} actions={<Button look="quiet" onClick={onAll}>{t('talk.all')} {comments.length}</Button>}>
      <div class="stack">
        {last.map((one) => <div key={one.id}><strong><Actor actor={one.author} /></strong> <Time at={one.created_at} /><div class="said-short"><CommentText comment={one} /></div></div>)}
      </div>
    </Card>
  );
}

interface Whereabouts {
  pull: Response;
  moved: number;
  back: number;
  failed: number;
}

/** Where the copies of the last pull are now; nothing when there was none, or when it is as if there had been none. */
function whereabouts(responses: Response[]): Whereabouts | null {
  const at = responses.findIndex((one) => one.kind === 'quarantine');
  const pull = responses[at];
  if (!pull) return null;
  const moved = pull.counts.success ?? 0;
  const back = responses.slice(0, at).filter((one) => one.kind === 'restore').reduce((sum, one) => sum + (one.counts.success ?? 0), 0);
  const failed = Object.entries(pull.counts).filter(([status]) => status.startsWith('failed')).reduce((sum, [, n]) => sum + n, 0);
  return pull.state === 'done' && back >= moved && !failed ? null : { pull, moved, back, failed };
}

/** After a pull: that every copy is gone, or which is not. */
function Now({ where, results, onAll }: { where: Whereabouts; results: QuarantineResult[]; onAll: () => void }) {
  const { pull, moved, back, failed } = where;
  const over = pull.state === 'done' || pull.state === 'cancelled';
  const away = Math.max(0, moved - back);
  const read = results.filter((one) => one.was_read).length;
  return (
    <ul class="stack" aria-live="polite">
      {!over ? <li>{t('incident.now.running')}</li>
        : <li>{away > 0 ? <Badge tone="good">{t('incident.now.away', { n: away })}</Badge> : t('incident.now.none')}{away > 0 && back === 0 && failed === 0 && <p>{t('incident.now.all')}</p>}</li>}
      {back > 0 && <li>{t('incident.now.back', { n: back })}</li>}
      {failed > 0 && <li><Badge tone="critical">{t('incident.now.failed', { n: failed })}</Badge></li>}
      {over && read > 0 && <li class="soft">{t('incident.now.read', { n: read })}</li>}
      <li><button type="button" class="link" onClick={onAll}>{t('incident.now.each')}</button></li>
    </ul>
  );
}

/** What to know before pulling: how many, who has read it, what is uncertain. */
function Before({ incident, parts }: { incident: IncidentWhole; parts: Parts }) {
  const mailboxes = parts.more ? incident.alert_count : new Set(parts.alerts.map((alert) => alert.recipient.toLowerCase())).size;
  const untrusted = parts.reports.filter((report) => !report.trusted).length;
  const claimed = incident.original && !incident.original.first_hand;
  const readers = new Set(parts.reports.map((report) => report.reporter?.toLowerCase()).filter(Boolean)).size;
  const notFound = parts.reports.filter((report) => report.located === 'not_found').length;
  return (
    <ul class="stack">
      <li>{t('incident.before.mailboxes', { n: mailboxes })}</li>
      {readers > 0 && <li>{t('incident.before.read', { n: readers })}</li>}
      {claimed && <li><Badge tone="major">{t('incident.before.claimed')}</Badge></li>}
      {untrusted > 0 && <li><Badge tone="major">{t('incident.before.untrusted', { n: untrusted })}</Badge></li>}
      {notFound > 0 && <li class="soft">{t('incident.before.notfound', { n: notFound })}</li>}
      {incident.findings.map((finding) => (
        <li key={finding.id}>
          <Note tone="moderate">
            {finding.incident_id
              ? <>{t('incident.before.reused')} <a href={`/incidents/${finding.incident_id}`}>{t('incident.before.reused.open', { id: finding.incident_id })}</a></>
              : finding.detail}
          </Note>
        </li>
      ))}
    </ul>
  );
}

function Counts({ response }: { response: Response }) {
  const entries = Object.entries(response.counts);
  const total = entries.reduce((sum, [, n]) => sum + n, 0);
  const open = response.counts.pending ?? 0;
  return (
    <div class="stack">
      <div class="row">
        <strong>{word('response', response.kind)}</strong> <Badge tone={response.state === 'done' ? 'good' : 'accent'}>{word('progress', response.state)}</Badge>
        <span class="soft"><Actor actor={response.requested_by} /> · <Time at={response.requested_at} /></span>
      </div>
      {total > 0 && <div class="progress" role="progressbar" aria-valuemin={0} aria-valuemax={total} aria-valuenow={total - open} aria-label={word('response', response.kind)}><i style={{ width: `${(100 * (total - open)) / total}%` }} /></div>}
      <div class="row">{entries.filter(([, n]) => n > 0).map(([status, n]) => <Badge key={status} tone={status.startsWith('failed') ? 'critical' : copyTones[status] ?? 'plain'}>{n} {copyWord(status, response.kind)}</Badge>)}</div>
    </div>
  );
}

/** A link of the message that says most about who sent it: one that pretends, or else one that leads out of the house. */
function tellingHost(links: Link[], own: Set<string | undefined>): string | null {
  const out = links.filter((link) => link.host && !own.has(link.domain ?? link.host));
  return (out.find((link) => link.mismatch) ?? out[0])?.host ?? null;
}

const domainOf = (address: string | null | undefined) => address?.split('@')[1]?.toLowerCase();

function Others({ title, incidents, all }: { title: string; incidents: Row[]; all: string }) {
  const shown = incidents.slice(0, RELATED);
  return (
    <section class="stack" aria-label={title}>
      <h3>{title}</h3>
      <ul class="others">{shown.map((one) => <li key={one.id}><a href={`/incidents/${one.id}`} title={one.title}>#{one.id} <bdi>{one.title}</bdi></a></li>)}</ul>
      {incidents.length > RELATED && <a href={all}>{t('incident.related.all')}</a>}
    </section>
  );
}

const RELATED = 5;

function Related({ incident, message }: { incident: IncidentWhole; message?: Message }) {
  const sender = incident.original?.sender;
  const own = new Set([...(message?.to ?? []), ...(message?.cc ?? [])].map((one) => domainOf(one.address)));
  const host = tellingHost(message?.links ?? [], own);
  const bySender = useLoad<SearchPage>(sender ? '/search' : null, { q: `from:"${sender?.replaceAll('"', '')}"`, limit: RELATED + 2 });
  const byLink = useLoad<Page<Row>>(host ? '/incidents' : null, { url: host, limit: RELATED + 2 });
  const sent = bySender.data?.items.map((hit) => hit.incident).filter((one) => one.id !== incident.id) ?? [];
  const leading = byLink.data?.items.filter((one) => one.id !== incident.id) ?? [];
  const linked = useLoad<Page<Row>>(incident.original?.message_id ? '/incidents' : null, { message_id: incident.original?.message_id, limit: 10 });
  const others = linked.data?.items.filter((one) => one.id !== incident.id) ?? [];
  return (
    <div class="stack">
      <div class="break"><bdi>{sender ?? '–'}</bdi></div>
      {bySender.data && sent.length === 0 && <p class="soft">{t('incident.related.none')}</p>}
      {sent.length > 0 && <Others title={t('incident.related.sender')} incidents={sent} all={`/search?q=${encodeURIComponent(`from:"${sender}"`)}`} />}
      {leading.length > 0 && <Others title={t('incident.related.link', { host: defang(host!) })} incidents={leading} all={`/incidents?q=${encodeURIComponent(`is:all url:${host}`)}`} />}
      {others.length > 0 && <Note tone="major" title={t('incident.related.same')}>{others.map((one) => <div key={one.id}><a href={`/incidents/${one.id}`}>#{one.id} {one.title}</a></div>)}</Note>}
    </div>
  );
}

type Asked = 'quarantine' | 'restore' | 'close' | 'reopen' | 'assign' | null;

function AskDialog({ asked, incident, parts, onDone, onClose }: { asked: Exclude<Asked, null | 'assign'>; incident: IncidentWhole; parts: Parts; onDone: () => void; onClose: () => void }) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const needsReason = asked === 'close';
  async function send(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      if (asked === 'close') await api.post(`/incidents/${incident.id}/close`, { reason: text });
      else if (asked === 'reopen') await api.post(`/incidents/${incident.id}/reopen`, { reason: text || null });
      else if (asked === 'restore') await api.post(`/incidents/${incident.id}/responses`, { kind: asked, comment: text || null });
      const pull = asked === 'quarantine' ? await pullOf(incident.id, text || null) : null;
      const back = pull ? () => undoPull(pull) : asked === 'close' ? () => api.post(`/incidents/${incident.id}/reopen`, {}) : undefined;
      const undo = back && (() => {
        if (pull) say(t('incidents.back.said', { n: 1 }), 'accent');
        void back().then(onDone, (error) => say(words(error), 'critical'));
      });
      say(t(`incident.${asked}.said`), 'good', undo);
      onDone();
      onClose();
    } catch (error) {
      say(words(error), 'critical');
      setBusy(false);
    }
  }
  return (
    <Dialog title={t(`incident.${asked}.title`)} onClose={onClose}>
      <form class="stack" onSubmit={send}>
        <p>{t(`incident.${asked}.hint`)}</p>
        {asked === 'quarantine' && <Before incident={incident} parts={parts} />}
        <Input label={needsReason ? t('incidents.close.reason') : t('incident.comment')} hint={t('incidents.close.reason.hint')} value={text} onChange={setText} required={needsReason} autofocus />
        <div class="row"><Button look={asked === 'quarantine' ? 'danger' : 'primary'} type="submit" disabled={busy}>{t(`incident.${asked}.do`)}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

type View = 'message' | 'people' | 'reports' | 'activity';

function IncidentPage({ id }: { id: string }) {
  const whole = useLoad<IncidentWhole>(`/incidents/${id}`);
  const { parts, error, reload } = useParts(id);
  const incident = whole.data;
  const original = useLoad<Original & { breakdown: Breakdown }>(incident?.original_id ? `/originals/${incident.original_id}` : null);
  const [view, setView] = useState<View>('message');
  const [asked, setAsked] = useState<Asked>(null);
  const renew = () => { whole.reload(); reload(); };
  useEffect(askPeople, []);
  const actor = `user:${session.value!.user.name}`;
  useEvents((event) => event.incident_id === Number(id) && !isLook(event), (events) => {
    renew();
    const other = events.find((one) => one.action === 'comment.add' && one.actor !== actor);
    if (other) say(t('talk.new', { who: actorName(other.actor) }), 'accent');
  });

  async function change(body: Partial<Row>, done: string): Promise<void> {
    if (!incident) return;
    const before = Object.fromEntries(Object.keys(body).map((name) => [name, incident[name as keyof Row]]));
    whole.set({ ...incident, ...body });
    try {
      await api.patch(`/incidents/${id}`, body);
      say(done, 'good', () => void api.patch(`/incidents/${id}`, before).then(renew, (problem) => say(words(problem), 'critical')));
    } catch (problem) {
      whole.set(incident);
      say(words(problem), 'critical');
    }
  }
  const judge = (verdict: Disposition) => change({ disposition: verdict }, t('incidents.key.verdict', { verdict: word('disposition', verdict) }));
  const rate = (severity: Severity) => change({ severity }, t('incidents.key.severity', { severity: word('severity', severity) }));
  const mine = session.value!.user.name;
  const assignTo = (to: Assignment) => change(to, t('incident.assigned'));
  const assign = () => assignTo({ assignee: incident?.assignee === mine ? null : mine });
  const comment = () => {
    setView('activity');
    requestAnimationFrame(() => requestAnimationFrame(focusComposer));
  };
  const inQuarantine = parts?.results.filter((one) => one.step === 'moved') ?? [];
  const expired = inQuarantine.length > 0 && inQuarantine.every((one) => one.bytes_removed_at);
  const where = parts && whereabouts(parts.responses);
  const pulled = where !== null && (where.moved > where.back || where.pull.state !== 'done') && !expired;

  useKeys([
    ...(may('triage') ? [
      ...verdictKeys.map(({ key, verdict }) => ({ key, words: t('incidents.key.verdict', { verdict: word('disposition', verdict) }), run: () => void judge(verdict) })),
      ...severities.map((severity, i) => ({ key: String(i + 1), words: `${t('incident.severity')}: ${word('severity', severity)}`, run: () => void rate(severity) })),
      { key: 'a', words: t('incident.assign'), run: () => void assign() },
      { key: 'Shift+A', words: t('assign.title'), run: () => setAsked('assign') },
      { key: 'c', words: t('talk.add'), run: comment },
      { key: 'e', words: t('incident.close.title'), run: () => setAsked(incident?.state === 'closed' ? 'reopen' : 'close') },
    ] : []),
    ...(may('respond') ? [
      { key: 'q', words: t('incident.quarantine.do'), run: () => setAsked('quarantine') },
      { key: 'r', words: t('incident.restore.do'), run: () => pulled && setAsked('restore') },
    ] : []),
    { key: 'Escape', words: t('nav.incidents'), run: () => go('/incidents') },
  ]);

  if (whole.error && !incident) return <FailedPage error={whole.error} retry={whole.reload} of="nav.incidents" back="/incidents" />;
  if (!incident) return <Waiting />;
  // the message, and beside it or, on a phone, below it what is known of it: all at once, so that nothing moves under the reader's hand
  const settled = (parts || error) && (!incident.original_id || original.data || original.error);
  const tabs: { value: View; words: string }[] = [
    { value: 'message', words: t('message.title') },
    { value: 'people', words: `${t('incident.people')} ${incident.alert_count}` },
    { value: 'reports', words: `${t('incident.reports')} ${incident.report_count}` },
    { value: 'activity', words: t('incident.activity') },
  ];
  return (
    <div class="page">
      <div class="page-head">
        <a href="/incidents" aria-label={t('nav.incidents')}>←</a>
        <Title whole={incident.title} />
        <span class="soft">#{incident.id}</span>
        <SeverityBadge value={incident.severity} /><DispositionBadge value={incident.disposition} />
        {incident.state === 'closed' && <Badge>{t('state.closed')}</Badge>}
        {incident.hold && <Badge tone="accent" title={incident.hold.reason}>{t('hold.badge')}</Badge>}
        {incident.assignee && <Badge tone="accent"><Name whole={personName(incident.assignee)} /></Badge>}
        {incident.team && <Badge tone="accent" title={t('teams.team')}><Name whole={incident.team} /></Badge>}
      </div>
      <div class="verdicts" role="toolbar" aria-label={t('incident.decide')}>
        <div>
          {may('triage') && verdictKeys.map(({ key, verdict }) => (
            <Button key={key} hint={key} aria-pressed={incident.disposition === verdict} onClick={() => void judge(verdict)}>{word('disposition', verdict)}</Button>
          ))}
          {may('triage') && (
            <label class="row">
              <span class="soft">{t('incident.severity')}</span>
              <select class="input" value={incident.severity} aria-keyshortcuts="1 2 3 4 5" onChange={(event) => void rate(event.currentTarget.value as Severity)}>
                {severities.map((severity, i) => <option key={severity} value={severity}>{i + 1} · {word('severity', severity)}</option>)}
              </select>
            </label>
          )}
        </div>
        <div>
          {may('respond') && <Button look="danger" hint="q" onClick={() => setAsked('quarantine')}>{t('incident.quarantine.do')}</Button>}
          {may('respond') && pulled && <Button hint="r" onClick={() => setAsked('restore')}>{t('incident.restore.do')}</Button>}
          {may('triage') && <Button hint="a" onClick={() => void assign()}>{incident.assignee === mine ? t('incident.unassign') : t('incident.assign')}</Button>}
          {may('triage') && <Button hint="Shift+A" onClick={() => setAsked('assign')}>{t('assign.do')}</Button>}
          {may('triage') && <Button hint="c" onClick={comment}>{t('talk.say')}</Button>}
          {may('triage') && <Button hint="e" onClick={() => setAsked(incident.state === 'closed' ? 'reopen' : 'close')}>{incident.state === 'closed' ? t('incident.reopen.do') : t('do.close')}</Button>}
        </div>
      </div>
      {error ? <Failed error={error} retry={reload} /> : null}
      <div class="split">
        <div class="stack">
          <Card bare>
            <div class="card-body stack">
              <Tabs label={t('incidents.title')} tabs={tabs} value={view} onChange={setView} />
              <div role="tabpanel">
                {view === 'message' ? (settled ? <Reported kind={incident.kind} original={original} reports={parts?.reports} /> : <Waiting />)
                  : !parts ? <Waiting /> : view === 'people' ? <Recipients incident={incident} responses={parts.responses} first={parts.alerts} /> : view === 'reports' ? <Reports reports={parts.reports} /> : <Timeline incident={incident.id} parts={parts} onDone={renew} />}
              </div>
            </div>
          </Card>
        </div>
        <aside class="stack" aria-label={t('incident.before')}>
          {settled ? (
            <>
              {parts && where && <Card title={t('incident.now')}><Now where={where} results={parts.results} onAll={() => setView('people')} /></Card>}
              {parts && !where && <Card title={t('incident.before')}><Before incident={incident} parts={parts} /></Card>}
              {parts && parts.responses.length > 0 && <Card title={t('incident.responses')}><div class="stack" aria-live="polite">{parts.responses.slice(0, 4).map((one) => <Counts key={one.id} response={one} />)}</div></Card>}
              <NeedCard incident={incident} />
              <HoldCard incident={incident} onDone={renew} />
              {parts && <LastWords comments={parts.comments} onAll={() => setView('activity')} />}
              <Card title={t('incident.sender')}><Related incident={incident} message={original.data?.breakdown.message} /></Card>
            </>
          ) : null}
        </aside>
      </div>
      {asked === 'assign' && <AssignDialog assignee={incident.assignee} team={incident.team} onChoose={(to) => void assignTo(to)} onClose={() => setAsked(null)} />}
      {asked && asked !== 'assign' && parts && <AskDialog asked={asked} incident={incident} parts={parts} onDone={renew} onClose={() => setAsked(null)} />}
    </div>
  );
}

export function Incident({ params }: PageProps) {
  return <IncidentPage key={params.id} id={params.id!} />;
}

