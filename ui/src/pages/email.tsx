// Email integration: the mail servers Trawl looks into. The forms come from what the API says of each kind, so that a new
// kind needs nothing here.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageProps } from '../app/pages';
import { api, jobResult, Problem, words } from '../base/api';
import { useEvents } from '../base/events';
import { useInSight, useKeys } from '../base/keys';
import { useAll, useEvery, useLoad } from '../base/load';
import { go, query, setQuery } from '../base/router';
import type { CheckLine, KindMember, MailServer, MailServerKind, Page, Source } from '../base/types';
import { Badge, Button, Card, Empty, Failed, FailedPage, Input, Note, Time, Waiting, type Tone } from '../components/basics';
import { Checks, unchecked, type Check } from '../components/checks';
import { say } from '../components/dialog';
import { Confirm } from '../components/forms';
import { depends, isAsked, judge, KindPicker, Member, Secrets, valueOf, valuesOf, type Values } from '../components/members';
import { t, type Key } from '../i18n';

type State = 'good' | 'failing' | 'alone' | 'new';
const stateTones: Record<State, Tone> = { good: 'good', failing: 'critical', alone: 'critical', new: 'plain' };

function stateOf({ state }: MailServer): State {
  if (state.left_alone_until && Date.parse(state.left_alone_until) > Date.now()) return 'alone';
  if (state.last_error) return 'failing';
  return state.last_ok_at ? 'good' : 'new';
}

function StateBadge({ server }: { server: MailServer }) {
  const state = stateOf(server);
  return <Badge tone={stateTones[state]} title={t(`email.state.${state}.hint` as Key)}><span class="dot" />{t(`email.state.${state}` as Key)}</Badge>;
}

/** Where it is: whatever its kind calls that. */
const placeOf = (server: MailServer) => String(server.config.host ?? server.config.path ?? server.config.tenant ?? server.config.url ?? '–');

export function Email() {
  const servers = useAll<MailServer>('/mail-servers');
  const kinds = useLoad<Page<MailServerKind>>('/mail-server-kinds');
  const sources = useAll<Source>('/sources');
  const [cursor, setCursor] = useState(0);
  useInSight(cursor);
  useEvery(10, servers.reload);
  useEvents((event) => event.object_kind === 'mail_server', servers.reload);
  const rows = servers.data ?? [];
  const move = (step: number) => setCursor((old) => Math.max(0, Math.min(rows.length - 1, old + step)));
  useKeys([
    { key: 'j', words: t('email.key.down'), run: () => move(1) },
    { key: 'ArrowDown', words: t('email.key.down'), run: () => move(1) },
    { key: 'k', words: t('email.key.up'), run: () => move(-1) },
    { key: 'ArrowUp', words: t('email.key.up'), run: () => move(-1) },
    { key: 'Enter', words: t('email.key.open'), run: () => rows[cursor] && go(`/settings/email/${rows[cursor].id}`) },
    { key: 'n', words: t('email.new'), run: () => go('/settings/email/new') },
  ]);
  const title = (kind: string) => kinds.data?.items.find((one) => one.name === kind)?.title ?? kind;
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t('nav.email')}</h1>
        <div class="actions"><a class="button primary" href="/settings/email/new" aria-keyshortcuts="n">+ {t('email.new')}<kbd aria-hidden="true">n</kbd></a></div>
      </div>
      {servers.error && !servers.data ? <Failed error={servers.error} retry={servers.reload} /> : !servers.data ? <Waiting /> : rows.length === 0 ? (
        <Empty title={t('email.none')}><p>{t('email.none.hint')}</p><a class="button primary" href="/settings/email/new">+ {t('email.new')}</a></Empty>
      ) : (
        <div class="table">
          <table aria-label={t('nav.email')}>
            <thead><tr><th>{t('email.state')}</th><th>{t('email.name')}</th><th>{t('email.kind')}</th><th>{t('email.place')}</th><th>{t('email.quarantine')}</th><th class="num">{t('nav.sources')}</th><th>{t('email.answered')}</th></tr></thead>
            <tbody>
              {rows.map((server, i) => (
                <tr key={server.id} class={i === cursor ? 'cursor' : ''} onClick={() => setCursor(i)} onDblClick={() => go(`/settings/email/${server.id}`)}>
                  <td class="tight"><StateBadge server={server} /></td>
                  <td class="main"><a href={`/settings/email/${server.id}`}><strong>{server.name}</strong></a>{server.state.last_error && <div class="error break">{server.state.last_error}</div>}</td>
                  <td class="tight">{title(server.kind)}</td>
                  <td class="break mono">{placeOf(server)}</td>
                  <td class="break">{server.config.quarantine_mailbox ? String(server.config.quarantine_mailbox) : <span class="soft" title={t('email.noquarantine.hint')}>{t('email.noquarantine')}</span>}</td>
                  <td class="num">{sources.data?.filter((source) => source.mail_server_id === server.id).length ?? ''}</td>
                  <td class="tight"><Time at={server.state.last_ok_at} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function ServerForm({ kind, server, onSaved, foot }: { kind: MailServerKind; server: MailServer | null; onSaved: (server: MailServer) => void; foot?: ComponentChildren }) {
  const [name, setName] = useState(server?.name ?? kind.title);
  const [values, setValues] = useState<Values>(() => valuesOf(kind, server));
  const [replacing, setReplacing] = useState(server === null);
  const [told, setTold] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const [revision, setRevision] = useState(server?.revision ?? 0);
  const form = useRef<HTMLFormElement>(null);
  const [base, setBase] = useState(() => JSON.stringify([name, values]));
  const dirty = server === null || replacing || JSON.stringify([name, values]) !== base;
  const secret = kind.members.filter((member) => member.secret);
  const wrong = judge(kind, name, values, replacing);
  const isWrong = Object.keys(wrong).length > 0 && (told || server !== null);
  const shown = isWrong ? wrong : {};
  const first = kind.members.filter((member) => !member.secret && (member.needed || depends(member)));
  const later = kind.members.filter((member) => !member.secret && !first.includes(member));
  const field = (member: KindMember) => isAsked(member, values) && <Member key={member.name} member={member} value={values[member.name] ?? ''} wrong={shown[member.name]} onChange={(value) => put(member.name, value)} />;
  const put = (member: string, value: string) => setValues((old) => ({ ...old, [member]: value }));

  async function save(event: Event): Promise<void> {
    event.preventDefault();
    setTold(true);
    setRefused(null);
    if (Object.keys(wrong).length) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus());
      return;
    }
    const some = (wanted: boolean) => Object.fromEntries(kind.members.filter((member) => member.secret === wanted).map((member) => [member.name, valueOf(member, values[member.name] ?? '')]));
    const config = server ? some(false) : Object.fromEntries(Object.entries(some(false)).filter(([, value]) => value !== null));
    const body = { name: name.trim(), config, ...(replacing && secret.length ? { secret: some(true) } : {}) };
    setBusy(true);
    try {
      const saved = server ? await api.patch<MailServer>(`/mail-servers/${server.id}`, body, { etag: `"${revision}"` }) : await api.post<MailServer>('/mail-servers', { ...body, kind: kind.name });
      say(t('say.saved'));
      setRevision(saved.revision);
      setName(saved.name);
      setValues(valuesOf(kind, saved));
      setBase(JSON.stringify([saved.name, valuesOf(kind, saved)]));
      setReplacing(false);
      setTold(false);
      onSaved(saved);
    } catch (error) {
      setRefused(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form ref={form} class="stack" onSubmit={save} noValidate>
      {refused ? <div role="alert"><Note tone="critical" title={t('say.error')}><p class="break">{refused instanceof Problem && refused.status === 412 ? t('say.changed') : words(refused)}</p></Note></div> : null}
      <Card title={kind.title}>
        <div class="stack">
          <Input label={t('email.name')} hint={t('email.name.hint')} value={name} wrong={shown['']} maxLength={200} onChange={setName} />
          {first.map(field)}
          <Secrets server={server} members={secret} values={values} wrong={shown} replacing={replacing} onReplace={setReplacing} onChange={put} />
          {later.length > 0 && <><h3>{t('email.more')}</h3><div class="pair">{later.map(field)}</div></>}
        </div>
      </Card>
      <div class="form-foot"><Button look="primary" type="submit" disabled={!dirty || isWrong} busy={busy}>{server ? t('do.save') : t('email.create')}</Button>{foot}</div>
    </form>
  );
}

export function NewMailServer() {
  const kinds = useLoad<Page<MailServerKind>>('/mail-server-kinds');
  const chosen = query.value.get('kind');
  if (kinds.error && !kinds.data) return <FailedPage error={kinds.error} retry={kinds.reload} of="nav.email" back="/settings/email" />;
  if (!kinds.data) return <Waiting />;
  const kind = kinds.data.items.find((one) => one.name === chosen);
  return (
    <div class="page">
      <div class="page-head"><a href="/settings/email" aria-label={t('nav.email')}>←</a><h1>{t('email.new')}</h1></div>
      <div class="split">
        <div class="stack">
          <KindPicker title={t('email.step.kind')} kinds={kinds.data.items} chosen={kind} />
          {kind && <ServerForm key={kind.name} kind={kind} server={null} onSaved={(server) => go(`/settings/email/${server.id}?test=1`)} foot={<a class="button quiet" href="/settings/email">{t('do.cancel')}</a>} />}
        </div>
        <aside class="stack sticky">
          <Card title={t('email.how')}>
            <ol class="stack">
              <li class={kind ? 'soft' : ''}>1. {t('email.step.kind')}</li>
              <li class={kind ? '' : 'soft'}>2. {t('email.step.config')}</li>
              <li class="soft">3. {t('email.step.test')}</li>
            </ol>
          </Card>
        </aside>
      </div>
    </div>
  );
}

function TestCard({ server, unused, onDone }: { server: MailServer; unused: boolean; onDone: () => void }) {
  const [mailbox, setMailbox] = useState(String(server.config.quarantine_mailbox ?? ''));
  const [check, setCheck] = useState<Check>(unchecked);
  const address = mailbox.trim();
  async function test(event?: Event): Promise<void> {
    event?.preventDefault();
    setCheck({ busy: true, lines: null, error: null });
    try {
      const job = await api.post<{ id: number }>(`/mail-servers/${server.id}/check`, { mailbox: address || null });
      setCheck({ busy: false, lines: (await jobResult<{ lines: CheckLine[] }>(job.id)).lines, error: null });
    } catch (error) {
      setCheck({ busy: false, lines: null, error });
    }
    onDone();
  }
  // Right after it was saved, it is tried.
  useEffect(() => {
    if (query.value.get('test')) void test();
  }, [server.revision]);
  useKeys([{ key: 't', words: t('email.test'), run: () => void test() }]);
  return (
    <Card title={t('check.title')}>
      <form class="stack" onSubmit={test}>
        <Input label={t('email.test.mailbox')} hint={t('email.test.mailbox.hint')} type="email" value={mailbox} onChange={setMailbox} autocomplete="off" spellcheck={false} />
        <p><Button type="submit" hint="t" disabled={check.busy}>{t('email.test')}</Button></p>
        <Checks check={check} hint={t('email.test.hint')} next={unused && <p><a class="button primary" href="/sources/new">{t('guide.next')} {t('guide.source')}</a></p>} />
      </form>
    </Card>
  );
}

function MailServerPage({ id }: { id: string }) {
  const server = useLoad<MailServer>(`/mail-servers/${id}`);
  const kinds = useLoad<Page<MailServerKind>>('/mail-server-kinds');
  const sources = useAll<Source>('/sources');
  const [deleting, setDeleting] = useState(false);
  useEvery(10, server.reload);
  useKeys([{ key: 'Escape', words: t('nav.email'), run: () => go('/settings/email') }]);
  const error = (!server.data && server.error) || (!kinds.data && kinds.error);
  if (error) return <FailedPage error={error} retry={() => { server.reload(); kinds.reload(); }} of="nav.email" back="/settings/email" />;
  if (!server.data || !kinds.data) return <Waiting />;
  const one = server.data;
  const kind = kinds.data.items.find((other) => other.name === one.kind);
  const users = sources.data?.filter((source) => source.mail_server_id === one.id) ?? [];
  const { state } = one;
  return (
    <div class="page">
      <div class="page-head">
        <a href="/settings/email" aria-label={t('nav.email')}>←</a>
        <h1 class="break">{one.name}</h1>
        <StateBadge server={one} />
        <div class="actions"><Button look="danger" onClick={() => setDeleting(true)}>{t('do.delete')}</Button></div>
      </div>
      <div class="split">
        {kind ? <ServerForm kind={kind} server={one} onSaved={(saved) => { server.set(saved); setQuery({ test: '1' }); }} /> : <Note tone="major">{t('email.nokind', { kind: one.kind })}</Note>}
        <aside class="stack sticky">
          <TestCard server={one} unused={sources.data !== undefined && users.length === 0} onDone={server.reload} />
          <Card title={t('source.state')}>
            <div class="stack">
              {state.last_error && <Note tone="critical"><p class="break">{state.last_error}</p></Note>}
              <dl class="facts">
                <dt>{t('email.answered')}</dt><dd><Time at={state.last_ok_at} /></dd>
                {state.failing_since && <><dt>{t('email.since')}</dt><dd><Time at={state.failing_since} /></dd></>}
                {state.left_alone_until && <><dt>{t('email.until')}</dt><dd><Time at={state.left_alone_until} /></dd></>}
                {state.connections && <><dt>{t('email.connections')}</dt><dd>{t('email.connections.of', { used: state.connections.in_use, limit: state.connections.limit })}</dd></>}
                <dt>{t('nav.sources')}</dt><dd>{users.length ? <ul class="others">{users.slice(0, 10).map((source) => <li key={source.id}><a href={`/sources/${source.id}`} title={source.name}>{source.name}</a></li>)}</ul> : t('say.none')}{users.length > 10 && <a href="/sources">{t('message.more', { n: users.length - 10 })}</a>}</dd>
              </dl>
            </div>
          </Card>
        </aside>
      </div>
      {deleting && (
        <Confirm title={t('email.delete.title', { name: one.name })} yes={t('do.delete')} onClose={() => setDeleting(false)}
          run={async () => { await api.remove(`/mail-servers/${one.id}`); say(t('source.delete.said', { name: one.name })); go('/settings/email'); }}>
          <p>{t('email.delete.hint')}</p>
        </Confirm>
      )}
    </div>
  );
}

export function MailServerOne({ params }: PageProps) {
  return <MailServerPage key={params.id} id={params.id!} />;
}
