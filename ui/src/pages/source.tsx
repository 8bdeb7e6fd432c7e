// One source: everything an abuse mailbox monitor is told, tried before and after it is saved, and how it is doing.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageProps } from '../app/pages';
import { may } from '../app/session';
import { api, jobResult, Problem, words } from '../base/api';
import { useEvents } from '../base/events';
import { useKeys } from '../base/keys';
import { useAll, useEvery, useLoad } from '../base/load';
import { go, query } from '../base/router';
import { clockTime, dayName, period } from '../base/time';
import type { CheckLine, MailServer, Page, Source as Row, SourcePoll, Statistics } from '../base/types';
import { Badge, Button, Card, Check, Empty, Failed, FailedPage, Field, Input, Note, Select, Time, Waiting } from '../components/basics';
import { Columns } from '../components/charts';
import { Checks, unchecked, type Check as CheckState } from '../components/checks';
import { Dialog, say } from '../components/dialog';
import { Area, Confirm, listOf } from '../components/forms';
import { t } from '../i18n';
import { HealthBadge, NextPoll, pollNow, switchSource } from './sources';

/** As it is written in the form: lists and numbers are still text. */
interface Draft {
  name: string;
  description: string;
  enabled: boolean;
  link_events: boolean;
  mail_server_id: number;
  mailbox: string;
  folder: string;
  post_process: Row['post_process'];
  destination_folder: string;
  polling_interval: string;
  accepted_domains: string;
  trusted_hosts: string;
  accepted_relays: string;
}

const fresh: Draft = {
  name: '', description: '', enabled: true, link_events: true, mail_server_id: 0, mailbox: '', folder: 'INBOX', post_process: 'none', destination_folder: '',
  polling_interval: '1', accepted_domains: '', trusted_hosts: '', accepted_relays: '' };

function draftOf(source: Row): Draft {
  return {
    name: source.name, description: source.description, enabled: source.enabled, link_events: source.link_events, mail_server_id: source.mail_server_id,
    mailbox: source.mailbox, folder: source.folder, post_process: source.post_process, destination_folder: source.destination_folder ?? '',
    polling_interval: String(source.polling_interval), accepted_domains: source.accepted_domains.join('\n'), trusted_hosts: source.trusted_hosts.join('\n'),
    accepted_relays: source.accepted_relays.join('\n') };
}

function bodyOf(draft: Draft): object {
  return {
    ...draft, name: draft.name.trim(), mailbox: draft.mailbox.trim(), folder: draft.folder.trim(), polling_interval: Number(draft.polling_interval),
    destination_folder: draft.post_process === 'move' ? draft.destination_folder.trim() : null, accepted_domains: listOf(draft.accepted_domains),
    trusted_hosts: listOf(draft.trusted_hosts), accepted_relays: listOf(draft.accepted_relays) };
}

type Wrong = Partial<Record<keyof Draft, string>>;

/** What is wrong with each member, in words. */
function judge(draft: Draft): Wrong {
  const wrong: Wrong = {};
  const interval = Number(draft.polling_interval);
  if (!draft.name.trim()) wrong.name = t('source.name.wrong');
  if (!draft.mail_server_id) wrong.mail_server_id = t('source.server.wrong');
  if (!/^[^\s@]+@[^\s@]+$/.test(draft.mailbox.trim())) wrong.mailbox = t('source.mailbox.wrong');
  if (!draft.folder.trim()) wrong.folder = t('source.folder.wrong');
  if (!Number.isInteger(interval) || interval < 1 || interval > 60 || !draft.polling_interval.trim())
    wrong.polling_interval = t('source.interval.wrong', { value: draft.polling_interval || '–' });
  if (draft.post_process === 'move' && !draft.destination_folder.trim()) wrong.destination_folder = t('source.destination.wrong');
  else if (draft.post_process === 'move' && draft.destination_folder.trim() === draft.folder.trim()) wrong.destination_folder = t('source.destination.same');
  return wrong;
}

const domainOf = (mailbox: string) => /^[^\s@]+@([^\s@]+)$/.exec(mailbox.trim())?.[1] ?? '';

/** The people of the mailbox's own domain report there, unless something else is said. */
function ownDomain(old: Draft, some: Partial<Draft>): Partial<Draft> {
  const untouched = some.mailbox !== undefined && (!old.accepted_domains || old.accepted_domains === domainOf(old.mailbox));
  return untouched ? { accepted_domains: domainOf(some.mailbox!) } : {};
}

const askFolders = async (server: number, mailbox: string) =>
  (await jobResult<{ folders: string[] }>((await api.post<{ id: number }>(`/mail-servers/${server}/folders`, { mailbox })).id)).folders;

/** What is not saved yet is tried by what the mail server says of the mailbox and of its folders. */
async function tryDraft(draft: Draft): Promise<CheckLine[]> {
  const mailbox = draft.mailbox.trim();
  const { lines } = await jobResult<{ lines: CheckLine[] }>((await api.post<{ id: number }>(`/mail-servers/${draft.mail_server_id}/check`, { mailbox })).id);
  try {
    const folders = await askFolders(draft.mail_server_id, mailbox);
    const has = (name: string) => folders.some((one) => one === name || (name.toUpperCase() === 'INBOX' && one.toUpperCase() === 'INBOX'));
    const folder = draft.folder.trim();
    lines.push({ level: has(folder) ? 'ok' : 'failed', what: t('source.folder'), detail: t(has(folder) ? 'source.test.there' : 'source.test.missing', { name: folder }) });
    const destination = draft.destination_folder.trim();
    if (draft.post_process === 'move')
      lines.push({ level: 'ok', what: t('source.destination'), detail: t(has(destination) ? 'source.test.there' : 'source.test.made', { name: destination }) });
  } catch (error) {
    lines.push({ level: 'failed', what: t('source.folder'), detail: words(error) });
  }
  return lines;
}

async function trySaved(id: number): Promise<CheckLine[]> {
  return (await jobResult<{ lines: CheckLine[] }>((await api.post<{ id: number }>(`/sources/${id}/test`)).id)).lines;
}

function PickFolder({ server, mailbox, onPick, onClose }: { server: number; mailbox: string; onPick: (name: string) => void; onClose: () => void }) {
  const [folders, setFolders] = useState<string[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [text, setText] = useState('');
  const ask = () => {
    setError(null);
    askFolders(server, mailbox).then(setFolders, setError);
  };
  useEffect(ask, []);
  const shown = folders?.filter((name) => name.toLowerCase().includes(text.toLowerCase())).slice(0, 500) ?? [];
  return (
    <Dialog title={t('source.pick.title', { mailbox })} onClose={onClose}>
      {error ? <Failed error={error} retry={ask} /> : !folders ? <p class="row" role="status"><span class="wait" />{t('source.pick.busy')}</p> : (
        <form class="stack" onSubmit={(event) => { event.preventDefault(); event.stopPropagation(); if (shown[0]) onPick(shown[0]); }}>
          <Input label={t('source.pick.filter')} value={text} onChange={setText} autofocus />
          {shown.length === 0 ? <p class="soft">{t('source.pick.none')}</p>
            : <div class="list-box">{shown.map((name) => <button key={name} type="button" onClick={() => onPick(name)}>{name}</button>)}</div>}
        </form>
      )}
    </Dialog>
  );
}

function FolderInput({ label, hint, wrong, draft, value, onChange }: { label: string; hint: string; wrong?: string; draft: Draft; value: string; onChange: (value: string) => void }) {
  const [open, setOpen] = useState(false);
  const ready = draft.mail_server_id > 0 && draft.mailbox.includes('@');
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(id, described) => (
        <div class="with-button">
          <input class="input" id={id} value={value} maxLength={200} aria-describedby={described} aria-invalid={wrong ? true : undefined} onInput={(event) => onChange(event.currentTarget.value)} />
          <Button disabled={!ready} title={ready ? undefined : t('source.pick.first')} onClick={() => setOpen(true)}>{t('source.pick')}</Button>
          {open && <PickFolder server={draft.mail_server_id} mailbox={draft.mailbox.trim()} onPick={(name) => { onChange(name); setOpen(false); }} onClose={() => setOpen(false)} />}
        </div>
      )}
    </Field>
  );
}

const actions = ['none', 'delete', 'move'] as const;

function Fields({ draft, wrong, servers, change }: { draft: Draft; wrong: Wrong; servers: MailServer[]; change: (some: Partial<Draft>) => void }) {
  return (
    <>
      <Card title={t('source.what')}>
        <div class="stack">
          <Select label={t('source.type')} value="abuse_mailbox_monitor" options={[{ value: 'abuse_mailbox_monitor', words: t('source.type.abuse') }]} onChange={() => {}} />
          <Input label={t('source.name')} value={draft.name} wrong={wrong.name} maxLength={200} onChange={(name) => change({ name })} />
          <Area label={t('source.description')} value={draft.description} rows={2} maxLength={4000} onChange={(description) => change({ description })} />
          <Check label={t('source.link')} hint={t('source.link.hint')} checked={draft.link_events} onChange={(link_events) => change({ link_events })} />
        </div>
      </Card>
      <Card title={t('source.where')}>
        <div class="stack">
          <Field label={t('source.server')} wrong={wrong.mail_server_id} hint={<a href="/settings/email/new">{t('source.server.new')}</a>}>
            {(id, described) => (
              <select class="input" id={id} aria-describedby={described} aria-invalid={wrong.mail_server_id ? true : undefined} value={String(draft.mail_server_id)} onChange={(event) => change({ mail_server_id: Number(event.currentTarget.value) })}>
                {draft.mail_server_id === 0 && <option value="0">{t('source.server.choose')}</option>}
                {servers.map((server) => <option key={server.id} value={server.id}>{server.name} ({server.kind})</option>)}
              </select>
            )}
          </Field>
          <Input label={t('source.mailbox')} hint={t('source.mailbox.hint')} type="email" value={draft.mailbox} wrong={wrong.mailbox} autocomplete="off" spellcheck={false} placeholder="abuse@corp.example" maxLength={320} onChange={(mailbox) => change({ mailbox })} />
          <FolderInput label={t('source.folder')} hint={t('source.folder.hint')} wrong={wrong.folder} draft={draft} value={draft.folder} onChange={(folder) => change({ folder })} />
          <Input label={t('source.interval')} hint={t('source.interval.hint')} value={draft.polling_interval} wrong={wrong.polling_interval} inputMode="numeric" maxLength={6} onChange={(polling_interval) => change({ polling_interval })} />
        </div>
      </Card>
      <Card title={t('source.after')}>
        <div class="stack">
          <fieldset>
            <legend class="visually-hidden">{t('source.after')}</legend>
            <div class="options">
              {actions.map((action) => (
                <label key={action}>
                  <input type="radio" name="post-process" checked={draft.post_process === action} onChange={() => change({ post_process: action })} />
                  <span><strong>{t(`source.after.${action}`)}</strong><span class="soft">{t(`source.after.${action}.hint`)}</span></span>
                </label>
              ))}
            </div>
          </fieldset>
          {draft.post_process === 'move' && <FolderInput label={t('source.destination')} hint={t('source.destination.hint')} wrong={wrong.destination_folder} draft={draft} value={draft.destination_folder} onChange={(destination_folder) => change({ destination_folder })} />}
        </div>
      </Card>
      <Card title={t('source.trust')}>
        <div class="stack">
          <p class="soft">{t('source.trust.hint')}</p>
          <Area label={t('source.domains')} hint={t('source.domains.hint')} value={draft.accepted_domains} rows={2} spellcheck={false} placeholder="corp.example" onChange={(accepted_domains) => change({ accepted_domains })} />
          <Area label={t('source.hosts')} hint={t('source.hosts.hint')} value={draft.trusted_hosts} rows={2} spellcheck={false} placeholder="mx.corp.example" onChange={(trusted_hosts) => change({ trusted_hosts })} />
          <Area label={t('source.relays')} hint={t('source.relays.hint')} value={draft.accepted_relays} rows={2} spellcheck={false} onChange={(accepted_relays) => change({ accepted_relays })} />
        </div>
      </Card>
      <Card>
        <Check label={t('source.enabled')} hint={t('source.enabled.hint')} checked={draft.enabled} onChange={(enabled) => change({ enabled })} />
      </Card>
    </>
  );
}

function State({ source }: { source: Row }) {
  const { state } = source;
  return (
    <Card title={t('source.state')} actions={<HealthBadge source={source} />}>
      <div class="stack">
        {state.last_error && <Note tone="critical"><p class="break">{state.last_error}</p></Note>}
        <dl class="facts">
          <dt>{t('sources.last')}</dt><dd><Time at={state.last_poll_at} /></dd>
          <dt>{t('sources.well')}</dt><dd><Time at={state.last_success_at} /></dd>
          <dt>{t('sources.next')}</dt><dd><NextPoll source={source} /></dd>
          <dt>{t('sources.found')}</dt><dd>{state.total_found.toLocaleString()} <span class="soft">({t('sources.found.last', { n: state.last_found })})</span></dd>
          <dt>{t('source.created')}</dt><dd><Time at={source.created_at} /></dd>
        </dl>
        <p class="row"><a href={`/incidents?q=${encodeURIComponent(`is:all source:${source.id}`)}`}>{t('source.incidents')}</a> <a href={`/alerts?q=${encodeURIComponent(`is:all source:${source.id}`)}`}>{t('source.alerts')}</a></p>
      </div>
    </Card>
  );
}

function SourceForm({ source, servers, reload }: { source: Row | null; servers: MailServer[]; reload: () => void }) {
  const begin = source ? draftOf(source) : { ...fresh, mail_server_id: servers.length === 1 ? servers[0]!.id : 0 };
  const [draft, setDraft] = useState<Draft>(begin);
  const [base, setBase] = useState({ draft: begin, revision: source?.revision ?? 0 });
  const [told, setTold] = useState(false); // what is wrong is said once saving was tried
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const [check, setCheck] = useState<CheckState>(unchecked);
  const [deleting, setDeleting] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const dirty = JSON.stringify(draft) !== JSON.stringify(base.draft);
  const wrong = judge(draft);
  const isWrong = Object.keys(wrong).length > 0 && (told || dirty && source !== null);
  const mayChange = may('configure');

  // The list's changes (a poll, somebody else) come in while nothing is being written here.
  useEffect(() => {
    if (!source || dirty || source.revision === base.revision) return;
    setDraft(draftOf(source));
    setBase({ draft: draftOf(source), revision: source.revision });
  }, [source?.revision]);

  async function test(saved: Row | null): Promise<void> {
    setCheck({ busy: true, lines: null, error: null });
    try {
      setCheck({ busy: false, lines: saved ? await trySaved(saved.id) : await tryDraft(draft), error: null });
    } catch (error) {
      setCheck({ busy: false, lines: null, error });
    }
  }
  function tryIt(): void {
    if (wrong.mail_server_id || wrong.mailbox || wrong.folder) setTold(true);
    else void test(source && !dirty ? source : null);
  }
  useEffect(() => {
    if (source && query.value.get('test')) void test(source);
  }, []);

  async function save(event: Event): Promise<void> {
    event.preventDefault();
    setTold(true);
    setRefused(null);
    if (Object.keys(wrong).length) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus());
      return;
    }
    setBusy(true);
    // A poll that failed or recovered has made a new revision, too: only what is written here can be overtaken.
    const untouched = source !== null && JSON.stringify(draftOf(source)) === JSON.stringify(base.draft);
    const revision = untouched ? source.revision : base.revision;
    try {
      const saved = source ? await api.patch<Row>(`/sources/${source.id}`, bodyOf(draft), { etag: `"${revision}"` }) : await api.post<Row>('/sources', bodyOf(draft));
      say(t('say.saved'));
      if (!source) {
        go(`/sources/${saved.id}?test=1`);
        return;
      }
      setDraft(draftOf(saved));
      setBase({ draft: draftOf(saved), revision: saved.revision });
      setTold(false);
      reload();
      void test(saved);
    } catch (error) {
      setRefused(error);
    } finally {
      setBusy(false);
    }
  }

  useKeys([
    ...(mayChange ? [{ key: 't', words: t('check.do'), run: tryIt }] : []),
    ...(mayChange && source ? [{ key: 'p', words: t('sources.poll'), run: () => source.enabled && void pollNow(source).then(reload) }] : []),
    { key: 'Escape', words: t('nav.sources'), run: () => !dirty && go('/sources') },
  ]);
  const overtaken = refused instanceof Problem && refused.status === 412;
  return (
    <div class="page">
      <div class="page-head">
        <a href="/sources" aria-label={t('nav.sources')}>←</a>
        <h1 class="break">{source ? source.name : t('sources.new')}</h1>
        {source && <HealthBadge source={source} />}
        {source && mayChange && (
          <div class="actions">
            <Button hint="p" disabled={!source.enabled} onClick={() => void pollNow(source).then(reload)}>{t('sources.poll')}</Button>
            <Button onClick={() => void switchSource(source, !source.enabled).then(reload)}>{source.enabled ? t('sources.pause') : t('sources.resume')}</Button>
            <Button look="danger" onClick={() => setDeleting(true)}>{t('do.delete')}</Button>
          </div>
        )}
      </div>
      <div class="split">
        <form ref={form} class="stack" onSubmit={save} noValidate>
          <fieldset class="stack" disabled={!mayChange}>
            <Fields draft={draft} wrong={isWrong ? wrong : {}} servers={servers} change={(some) => setDraft((old) => ({ ...old, ...(source ? null : ownDomain(old, some)), ...some }))} />
          </fieldset>
          {mayChange && (
            <div class="form-foot">
              <Button look="primary" type="submit" disabled={(source !== null && !dirty) || isWrong} busy={busy}>{source ? t('do.save') : t('source.create')}</Button>
              <Button hint="t" disabled={check.busy} onClick={tryIt}>{t('check.do')}</Button>
              {source ? <Button look="quiet" disabled={!dirty} onClick={() => setDraft(base.draft)}>{t('source.revert')}</Button> : <a class="button quiet" href="/sources">{t('do.cancel')}</a>}
              {isWrong && <span class="field"><span class="wrong" role="alert">{t('source.wrong', { n: Object.keys(wrong).length })}</span></span>}
            </div>
          )}
        </form>
        <aside class="stack sticky" aria-label={t('source.state')}>
          {refused ? <div role="alert"><Note tone="critical" title={t('say.error')}><p>{overtaken ? t('say.changed') : words(refused)}</p>{overtaken && <p><Button onClick={() => { setRefused(null); setDraft(base.draft); reload(); }}>{t('source.again')}</Button></p>}</Note></div> : null}
          {source && <State source={source} />}
          <Card title={t('check.title')}><Checks check={check} hint={t(source ? 'source.test.hint' : 'source.test.new')} /></Card>
          {source && <Polls source={source} />}
          {source && <Volume source={source} />}
        </aside>
      </div>
      {deleting && source && (
        <Confirm title={t('source.delete.title', { name: source.name })} yes={t('do.delete')} onClose={() => setDeleting(false)}
          run={async () => { await api.remove(`/sources/${source.id}`); say(t('source.delete.said', { name: source.name })); go('/sources'); }}>
          <p>{t('source.delete.hint')}</p>
        </Confirm>
      )}
    </div>
  );
}

/** Its last polls: how long each took, and which failed. */
function Polls({ source }: { source: Row }) {
  const { data, reload } = useLoad<Page<SourcePoll>>(`/sources/${source.id}/polls`, { limit: 60 });
  useEffect(reload, [source.state.last_poll_at]);
  if (!data?.items.length) return null;
  const polls = [...data.items].reverse();
  const last = data.items.find((one) => one.error);
  return (
    <Card title={t('source.polls')}>
      <div class="stack">
        <Columns label={t('source.polls')} first={t('source.polls.at')} labels={polls.map((one) => clockTime(one.at))} series={[
          { words: t('source.polls.took'), tone: 'accent', values: polls.map((one) => (one.error ? 0 : Math.max(1, one.took_ms))), sum: false },
          { words: t('source.polls.failed'), tone: 'critical', values: polls.map((one) => (one.error ? Math.max(1, one.took_ms) : 0)), sum: false },
          { words: t('source.polls.found'), tone: 'good', values: polls.map((one) => one.found), drawn: false },
        ]} />
        {last && <p class="break"><Badge tone="critical">{last.error_code}</Badge> <Time at={last.at} /> {last.error}</p>}
      </div>
    </Card>
  );
}

/** How much came from it, day by day. */
function Volume({ source }: { source: Row }) {
  const { data } = useLoad<Statistics>('/statistics', { ...period(30), source_id: source.id });
  if (!data) return null;
  return (
    <Card title={t('source.volume')}>
      <Columns label={t('source.volume')} labels={data.days.map((one) => dayName(one.day))} series={[{ words: t('reports.reports'), tone: 'accent', values: data.days.map((one) => one.reports) }]} />
    </Card>
  );
}

export function NewSource() {
  const servers = useAll<MailServer>('/mail-servers');
  if (servers.error && !servers.data) return <FailedPage error={servers.error} retry={servers.reload} of="nav.sources" back="/sources" />;
  if (!servers.data) return <Waiting />;
  if (servers.data.length === 0)
    return <Empty title={t('source.noserver')}><p>{t('source.noserver.hint')}</p><a class="button primary" href="/settings/email/new">{t('sources.none.server')}</a></Empty>;
  return <SourceForm source={null} servers={servers.data} reload={() => {}} />;
}

function SourcePage({ id }: { id: string }) {
  const source = useLoad<Row>(`/sources/${id}`);
  const servers = useAll<MailServer>('/mail-servers');
  useEvery(5, source.reload);
  useEvents((event) => event.object_kind === 'source' && event.object_id === Number(id), source.reload);
  const error = (!source.data && source.error) || (!servers.data && servers.error);
  if (error) return <FailedPage error={error} retry={() => { source.reload(); servers.reload(); }} of="nav.sources" back="/sources" />;
  if (!source.data || !servers.data) return <Waiting />;
  return <SourceForm source={source.data} servers={servers.data} reload={source.reload} />;
}

export function Source({ params }: PageProps) {
  return <SourcePage key={params.id} id={params.id!} />;
}
