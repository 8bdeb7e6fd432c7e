// One incident: what was reported, by whom, who has it, and what is to be done about it. Each decision has a key.
import { useEffect, useState } from 'preact/hooks';
import { may } from '../app/session';
import type { PageProps } from '../app/pages';
import { api, session, words } from '../base/api';
import type { Breakdown } from '../base/breakdown';
import { useEvents } from '../base/events';
import { useKeys } from '../base/keys';
import { useLoad } from '../base/load';
import { actorName, askPeople, personName } from '../base/people';
import { go } from '../base/router';
import { severities, type Activity, type Alert, type Comment, type Disposition, type Incident as Row, type IncidentWhole, type Original, type Page, type QuarantineResult, type Report, type Response, type Severity } from '../base/types';
import { AssignDialog } from '../components/assign';
import { Badge, Button, Card, DispositionBadge, Empty, Failed, Input, Note, SeverityBadge, Tabs, Time, Waiting, type Tone } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { MessageView } from '../components/message';
import { CommentItem, CommentText, Composer, focusComposer } from '../components/talk';
import { NeedCard } from '../components/need';
import { t, word } from '../i18n';
import { verdictKeys } from './incidents';

interface Parts {
  alerts: Alert[];
  reports: Report[];
  responses: Response[];
  results: QuarantineResult[];
  comments: Comment[];
  activity: Activity[];
}

/** Everything that belongs to an incident, asked for at once. */
function useParts(id: string): { parts: Parts | null; error: unknown; reload: () => void } {
  const alerts = useLoad<Page<Alert>>(`/incidents/${id}/alerts`, { limit: 500 });
  const reports = useLoad<Page<Report>>(`/incidents/${id}/reports`, { limit: 500 });
  const responses = useLoad<Page<Response>>(`/incidents/${id}/responses`, { limit: 50 });
  const comments = useLoad<Page<Comment>>(`/incidents/${id}/comments`, { limit: 500 });
  const activity = useLoad<Page<Activity>>(`/incidents/${id}/activity`, { limit: 500 });
  const last = responses.data?.items.filter((one) => one.kind === 'quarantine') ?? [];
  const results = useLoad<Page<QuarantineResult>>(last[0] ? `/responses/${last[0].id}/results` : null, { limit: 500 });
  const lists = [alerts, reports, responses, comments, activity];
  const ready = lists.every((list) => list.data);
  return {
    parts: ready ? {
      alerts: alerts.data!.items, reports: reports.data!.items, responses: responses.data!.items, comments: comments.data!.items, activity: activity.data!.items, results: results.data?.items ?? [],
    } : null,
    error: lists.find((list) => list.error)?.error,
    reload: () => [...lists, results].forEach((list) => list.reload()),
  };
}

const copyTones: Record<string, Tone> = { success: 'good', pending: 'accent', message_not_found: 'plain', mailbox_not_found: 'plain' };

/** What became of one copy, in words: the undo's answer counts once there is one. */
function CopyState({ result }: { result: QuarantineResult }) {
  const status = result.restore_status ?? result.status;
  const back = result.restore_status === 'success';
  const tone = status.startsWith('failed') ? 'critical' : status.startsWith('skipped') ? 'moderate' : back ? 'accent' : copyTones[status] ?? 'plain';
  return <Badge tone={tone} title={result.restore_reason ?? result.reason ?? undefined}>{back ? t('incident.copy.back') : word('copy', status)}</Badge>;
}

function Recipients({ parts }: { parts: Parts }) {
  const byMailbox = new Map(parts.results.map((one) => [one.mailbox.toLowerCase(), one]));
  const others = parts.results.filter((one) => !parts.alerts.some((alert) => alert.recipient.toLowerCase() === one.mailbox.toLowerCase()));
  return (
    <div class="table">
      <table>
        <thead><tr><th>{t('incident.recipient')}</th><th>{t('incident.as')}</th><th>{t('incident.alert')}</th><th>{t('incident.copy')}</th><th>{t('incident.read')}</th><th>{t('incident.folder')}</th></tr></thead>
        <tbody>
          {parts.alerts.map((alert) => {
            const result = byMailbox.get(alert.recipient.toLowerCase());
            return (
              <tr key={alert.id}>
                <td class="break">{alert.recipient}{!alert.trusted && <> <Badge tone="major" title={t('incident.untrusted.hint')}>{t('incident.untrusted')}</Badge></>}</td>
                <td>{word('role', alert.role)}</td>
                <td>{word('state', alert.state)}</td>
                <td>{result ? <><CopyState result={result} /> {result.reason && <div class="soft">{result.restore_reason ?? result.reason}</div>}</> : <span class="soft">{t('incident.copy.untouched')}</span>}</td>
                <td>{result?.was_read === true ? t('incident.read.yes') : result?.was_read === false ? t('incident.read.no') : '–'}</td>
                <td>{result?.folder ?? '–'}</td>
              </tr>
            );
          })}
          {others.map((result) => (
            <tr key={`r${result.id}`}><td class="break">{result.mailbox}</td><td class="soft">{word('found', result.found_how)}</td><td /><td><CopyState result={result} /></td><td>{result.was_read === null ? '–' : result.was_read ? t('incident.read.yes') : t('incident.read.no')}</td><td>{result.folder ?? '–'}</td></tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Reports({ reports }: { reports: Report[] }) {
  return (
    <div class="table">
      <table>
        <thead><tr><th>{t('incident.reporter')}</th><th>{t('incident.form')}</th><th>{t('incident.trust')}</th><th>{t('incident.located')}</th><th>{t('incident.received')}</th></tr></thead>
        <tbody>
          {reports.map((report) => (
            <tr key={report.id}>
              <td class="break">{report.reporter_name ?? report.reporter ?? '–'}{report.reporter_name && <div class="soft">{report.reporter}</div>}</td>
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

/** "severity: minor → major", or what else a record says. */
function inDetail(detail: Record<string, unknown>): string {
  const { changes, ...rest } = detail as { changes?: Record<string, { from: unknown; to: unknown }> };
  const plain = (value: unknown) => (value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value));
  return [
    ...Object.entries(changes ?? {}).map(([name, { from, to }]) => `${name}: ${plain(from)} → ${plain(to)}`),
    ...Object.entries(rest).slice(0, 6).map(([name, value]) => `${name}: ${plain(value)}`),
  ].join(' · ').slice(0, 400);
}

function Happened({ one }: { one: Activity }) {
  return (
    <>
      <Time at={one.at} /> <strong>{word('action', one.action)}</strong> <span class="soft"><bdi>{actorName(one.actor)}</bdi></span>
      {one.detail && Object.keys(one.detail).length > 0 && <div class="soft mono break">{inDetail(one.detail)}</div>}
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
        {[...rows].reverse().map((one) => {
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
        {last.map((one) => <div key={one.id}><strong><bdi>{actorName(one.author)}</bdi></strong> <Time at={one.created_at} /><div class="said-short"><CommentText comment={one} /></div></div>)}
      </div>
    </Card>
  );
}

/** What to know before pulling: how many, who has read it, what is uncertain. */
function Before({ incident, parts }: { incident: IncidentWhole; parts: Parts }) {
  const mailboxes = new Set(parts.alerts.map((alert) => alert.recipient.toLowerCase())).size;
  const untrusted = parts.reports.filter((report) => !report.trusted).length;
  const claimed = incident.original && !incident.original.first_hand;
  const notFound = parts.reports.filter((report) => report.located === 'not_found').length;
  return (
    <ul class="stack">
      <li>{t('incident.before.mailboxes', { n: mailboxes })}</li>
      {claimed && <li><Badge tone="major">{t('incident.before.claimed')}</Badge></li>}
      {untrusted > 0 && <li><Badge tone="major">{t('incident.before.untrusted', { n: untrusted })}</Badge></li>}
      {notFound > 0 && <li class="soft">{t('incident.before.notfound', { n: notFound })}</li>}
      {incident.findings.map((finding) => <li key={finding.id}><Note tone="moderate">{finding.detail}</Note></li>)}
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
        <span class="soft">{response.requested_by} · <Time at={response.requested_at} /></span>
      </div>
      {total > 0 && <div class="progress" role="progressbar" aria-valuemin={0} aria-valuemax={total} aria-valuenow={total - open} aria-label={word('response', response.kind)}><i style={{ width: `${(100 * (total - open)) / total}%` }} /></div>}
      <div class="row">{entries.filter(([, n]) => n > 0).map(([status, n]) => <Badge key={status} tone={status.startsWith('failed') ? 'critical' : copyTones[status] ?? 'plain'}>{n} {status === 'success' && response.kind === 'restore' ? t('incident.copy.back') : word('copy', status)}</Badge>)}</div>
    </div>
  );
}

function Related({ incident }: { incident: IncidentWhole }) {
  const sender = incident.original?.sender;
  const linked = useLoad<Page<Row>>(incident.original?.message_id ? '/incidents' : null, { message_id: incident.original?.message_id, limit: 10 });
  const others = linked.data?.items.filter((one) => one.id !== incident.id) ?? [];
  return (
    <div class="stack">
      <div class="break">{sender ?? '–'}</div>
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
      else await api.post(`/incidents/${incident.id}/responses`, { kind: asked, comment: text || null });
      say(t(`incident.${asked}.said`));
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
  useEvents((event) => event.incident_id === Number(id), (events) => {
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
  const judge = (verdict: Disposition) => change({ disposition: verdict }, word('disposition', verdict));
  const rate = (severity: Severity) => change({ severity }, word('severity', severity));
  const mine = session.value!.user.name;
  const assignTo = (name: string | null) => change({ assignee: name }, t('incident.assigned'));
  const assign = () => assignTo(incident?.assignee === mine ? null : mine);
  const comment = () => {
    setView('activity');
    requestAnimationFrame(() => requestAnimationFrame(focusComposer));
  };
  const pulled = parts?.responses.some((one) => one.kind === 'quarantine') ?? false;

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

  if (whole.error && !incident) return <div class="page"><Failed error={whole.error} retry={whole.reload} /></div>;
  if (!incident) return <Waiting />;
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
        <h1 class="break">{incident.title}</h1>
        <span class="soft">#{incident.id}</span>
        <SeverityBadge value={incident.severity} /><DispositionBadge value={incident.disposition} />
        {incident.state === 'closed' && <Badge>{t('state.closed')}</Badge>}
        {incident.assignee && <Badge tone="accent" title={incident.assignee}><bdi>{personName(incident.assignee)}</bdi></Badge>}
      </div>
      <div class="verdicts" role="toolbar" aria-label={t('incident.decide')}>
        <div>
          {may('triage') && verdictKeys.map(({ key, verdict }) => (
            <Button key={key} hint={key} aria-pressed={incident.disposition === verdict} onClick={() => void judge(verdict)}>{word('disposition', verdict)}</Button>
          ))}
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
                {view === 'message' ? (original.data ? <MessageView breakdown={original.data.breakdown} bodies={original.data.bodies ?? false} vip={original.data.vip && may('content')} />
                  : original.error ? <Failed error={original.error} retry={original.reload} /> : incident.original_id ? <Waiting /> : <Empty title={word('kind', incident.kind)} />)
                  : !parts ? <Waiting /> : view === 'people' ? <Recipients parts={parts} /> : view === 'reports' ? <Reports reports={parts.reports} /> : <Timeline incident={incident.id} parts={parts} onDone={renew} />}
              </div>
            </div>
          </Card>
        </div>
        <aside class="stack" aria-label={t('incident.before')}>
          <NeedCard incident={incident} />
          {parts && parts.responses.length > 0 && <Card title={t('incident.responses')}><div class="stack" aria-live="polite">{parts.responses.slice(0, 4).map((one) => <Counts key={one.id} response={one} />)}</div></Card>}
          {parts && <LastWords comments={parts.comments} onAll={() => setView('activity')} />}
          {parts && <Card title={t('incident.before')}><Before incident={incident} parts={parts} /></Card>}
          <Card title={t('incident.sender')}><Related incident={incident} /></Card>
          {may('triage') && <Card title={t('incident.severity')}><div class="choices">{severities.map((severity, i) => <Button key={severity} hint={String(i + 1)} aria-pressed={incident.severity === severity} onClick={() => void rate(severity)}>{word('severity', severity)}</Button>)}</div></Card>}
        </aside>
      </div>
      {asked === 'assign' && <AssignDialog assignee={incident.assignee} onChoose={(name) => void assignTo(name)} onClose={() => setAsked(null)} />}
      {asked && asked !== 'assign' && parts && <AskDialog asked={asked} incident={incident} parts={parts} onDone={renew} onClose={() => setAsked(null)} />}
    </div>
  );
}

export function Incident({ params }: PageProps) {
  return <IncidentPage key={params.id} id={params.id!} />;
}

