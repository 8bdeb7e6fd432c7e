// Sign-on: the providers and directories by which people log in. The forms come from what the API says of each kind.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageProps } from '../app/pages';
import { api, jobResult, Problem, words } from '../base/api';
import { useEvents } from '../base/events';
import { useKeys } from '../base/keys';
import { useAll, useEvery, useLoad } from '../base/load';
import { go, query, setQuery } from '../base/router';
import type { CheckLine, Identity, IdentityProvider, KindMember, Page, Role } from '../base/types';
import { Badge, Button, Card, Check as Tick, Copy, Empty, Failed, FailedPage, Input, Note, Time, Waiting, type Tone } from '../components/basics';
import { Checks, unchecked, type Check } from '../components/checks';
import { say } from '../components/dialog';
import { Confirm } from '../components/forms';
import { judge, KindPicker, Member, Secrets, valueOf, valuesOf, type Kind, type Values } from '../components/members';
import { t, type Key } from '../i18n';

const tones: Record<string, Tone> = { good: 'good', failing: 'critical', off: 'plain', new: 'moderate' };

function StateBadge({ provider }: { provider: IdentityProvider }) {
  const state = !provider.enabled ? 'off' : provider.state.last_error ? 'failing' : provider.state.last_ok_at ? 'good' : 'new';
  return <Badge tone={tones[state]}><span class="dot" />{t(`signon.state.${state}` as Key)}</Badge>;
}

export function SignOn() {
  const providers = useAll<IdentityProvider>('/identity-providers');
  const kinds = useLoad<Page<Kind>>('/identity-provider-kinds');
  const identities = useAll<Identity>('/identities');
  useEvery(10, providers.reload);
  useEvents((event) => event.object_kind === 'identity_provider', providers.reload);
  useKeys([{ key: 'n', words: t('signon.new'), run: () => go('/settings/sign-on/new') }]);
  const rows = providers.data ?? [];
  const title = (kind: string) => kinds.data?.items.find((one) => one.name === kind)?.title ?? kind;
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t('nav.signon')}</h1>
        <div class="actions"><a class="button primary" href="/settings/sign-on/new" aria-keyshortcuts="n">+ {t('signon.new')}<kbd aria-hidden="true">n</kbd></a></div>
      </div>
      {providers.error && !providers.data ? <Failed error={providers.error} retry={providers.reload} /> : !providers.data ? <Waiting /> : rows.length === 0 ? (
        <Empty title={t('signon.none')}><p>{t('signon.none.hint')}</p><a class="button primary" href="/settings/sign-on/new">+ {t('signon.new')}</a></Empty>
      ) : (
        <div class="table"><table aria-label={t('nav.signon')}>
          <thead><tr><th scope="col">{t('signon.state')}</th><th scope="col">{t('signon.name')}</th><th scope="col">{t('signon.kind')}</th><th scope="col">{t('signon.place')}</th><th scope="col" class="num">{t('signon.people')}</th><th scope="col">{t('signon.last')}</th></tr></thead>
          <tbody>
            {rows.map((one) => (
              <tr key={one.id} onDblClick={() => go(`/settings/sign-on/${one.id}`)}>
                <td class="tight"><StateBadge provider={one} /></td>
                <td class="main"><a href={`/settings/sign-on/${one.id}`}><strong>{one.name}</strong></a>{one.only_way && <> <Badge tone="accent">{t('signon.only.badge')}</Badge></>}{one.state.last_error && <div class="error break">{one.state.last_error}</div>}</td>
                <td class="tight">{title(one.kind)}</td>
                <td class="break mono">{String(one.config.issuer ?? one.config.url ?? '–')}</td>
                <td class="num">{identities.data?.filter((person) => person.provider_id === one.id).length ?? ''}</td>
                <td class="tight"><Time at={one.state.last_ok_at} /></td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
      {providers.data && <p class="soft">{t('signon.codes')}</p>}
    </div>
  );
}

/** What decides who gets in, beside what decides how the provider is reached. */
const whoMembers = ['roles', 'default_role', 'refused_groups', 'create_accounts', 'link_accounts', 'email_domains', 'email_trust'];

function ProviderForm({ kind, provider, onSaved }: { kind: Kind; provider: IdentityProvider | null; onSaved: (provider: IdentityProvider) => void }) {
  const roles = useAll<Role>('/roles');
  const [name, setName] = useState(provider?.name ?? '');
  const [enabled, setEnabled] = useState(provider?.enabled ?? true);
  const [onlyWay, setOnlyWay] = useState(provider?.only_way ?? false);
  const [values, setValues] = useState<Values>(() => ({ ...valuesOf(kind, provider), ...(!provider && kind.members.some((one) => one.name === 'console_url') && { console_url: location.origin }) }));
  const [replacing, setReplacing] = useState(provider === null);
  const [told, setTold] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const [revision, setRevision] = useState(provider?.revision ?? 0);
  const form = useRef<HTMLFormElement>(null);
  const secret = kind.members.filter((member) => member.secret);
  const who = whoMembers.map((one) => kind.members.find((member) => member.name === one)).filter((member) => member !== undefined);
  const reach = kind.members.filter((member) => !member.secret && !whoMembers.includes(member.name));
  const wrong = judge(kind, name, values, replacing);
  const shown = told ? wrong : {};
  const put = (member: string, value: string) => setValues((old) => ({ ...old, [member]: value }));
  const field = (member: KindMember) => <Member key={member.name} member={member} value={values[member.name] ?? ''} wrong={shown[member.name]} onChange={(value) => put(member.name, value)} />;

  async function save(event: Event): Promise<void> {
    event.preventDefault();
    setTold(true);
    setRefused(null);
    if (Object.keys(wrong).length) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus());
      return;
    }
    const some = (wanted: boolean) => Object.fromEntries(kind.members.filter((member) => member.secret === wanted).map((member) => [member.name, valueOf(member, values[member.name] ?? '')]));
    const config = provider ? some(false) : Object.fromEntries(Object.entries(some(false)).filter(([, value]) => value !== null));
    const body = { name: name.trim(), enabled, only_way: onlyWay, config, ...(replacing && { secret: some(true) }) };
    setBusy(true);
    try {
      const saved = provider ? await api.patch<IdentityProvider>(`/identity-providers/${provider.id}`, body, { etag: `"${revision}"` }) : await api.post<IdentityProvider>('/identity-providers', { ...body, kind: kind.name });
      say(t('say.saved'));
      setRevision(saved.revision);
      setValues(valuesOf(kind, saved));
      setReplacing(false);
      setTold(false);
      onSaved(saved);
    } catch (error) {
      setRefused(error);
      form.current?.scrollIntoView({ block: 'start' });
    } finally {
      setBusy(false);
    }
  }

  return (
    <form ref={form} class="stack" onSubmit={save} noValidate>
      {refused ? <div role="alert"><Note tone="critical" title={t('say.error')}><p class="break">{refused instanceof Problem && refused.status === 412 ? t('say.changed') : words(refused)}</p></Note></div> : null}
      <Card title={t('signon.reach')}>
        <div class="stack">
          <Input label={t('signon.name')} hint={t('signon.name.hint')} value={name} wrong={shown['']} maxLength={200} onChange={setName} autocomplete="off" />
          {reach.filter((member) => member.needed).map(field)}
          <Secrets server={provider} members={secret} values={values} wrong={shown} replacing={replacing} onReplace={setReplacing} onChange={put} />
          <h3>{t('email.more')}</h3>
          <div class="pair">{reach.filter((member) => !member.needed).map(field)}</div>
        </div>
      </Card>
      <Card title={t('signon.who')}>
        <div class="stack">
          {roles.data && <p class="soft">{t('signon.roles.hint', { roles: roles.data.map((role) => role.name).join(', ') })}</p>}
          <div class="pair">{who.map(field)}</div>
          <Tick label={t('signon.enabled')} hint={t('signon.enabled.hint')} checked={enabled} onChange={setEnabled} />
          <Tick label={t('signon.only')} hint={t('signon.only.hint')} checked={onlyWay} onChange={setOnlyWay} />
        </div>
      </Card>
      <div class="form-foot"><Button look="primary" type="submit" disabled={busy}>{provider ? t('do.save') : t('email.create')}</Button>{!provider && <a class="button quiet" href="/settings/sign-on">{t('do.cancel')}</a>}</div>
    </form>
  );
}

export function NewProvider() {
  const kinds = useLoad<Page<Kind>>('/identity-provider-kinds');
  const chosen = query.value.get('kind');
  if (kinds.error && !kinds.data) return <FailedPage error={kinds.error} retry={kinds.reload} of="nav.signon" back="/settings/sign-on" />;
  if (!kinds.data) return <Waiting />;
  const kind = kinds.data.items.find((one) => one.name === chosen);
  return (
    <div class="page">
      <div class="page-head"><a href="/settings/sign-on" aria-label={t('nav.signon')}>←</a><h1>{t('signon.new')}</h1></div>
      <div class="split">
        <div class="stack">
          <KindPicker title={t('signon.kind')} kinds={kinds.data.items} chosen={kind} />
          {kind && <ProviderForm key={kind.name} kind={kind} provider={null} onSaved={(saved) => go(`/settings/sign-on/${saved.id}?test=1`)} />}
        </div>
        <aside class="stack sticky">
          {kind?.name === 'oidc' && <Redirect url={`${location.origin}/sign-on/callback`} />}
          <Note tone="plain"><p>{t('signon.codes')}</p></Note>
        </aside>
      </div>
    </div>
  );
}

function Redirect({ url }: { url: string }) {
  return (
    <Card title={t('signon.redirect')}>
      <p class="row"><code class="mono break">{url}</code><Copy text={url} /></p>
      <p class="soft">{t('signon.redirect.hint')}</p>
    </Card>
  );
}

function TestCard({ provider, onDone }: { provider: IdentityProvider; onDone: () => void }) {
  const [check, setCheck] = useState<Check>(unchecked);
  async function test(): Promise<void> {
    setCheck({ busy: true, lines: null, error: null });
    try {
      const job = await api.post<{ id: number }>(`/identity-providers/${provider.id}/check`);
      setCheck({ busy: false, lines: (await jobResult<{ lines: CheckLine[] }>(job.id)).lines, error: null });
    } catch (error) {
      setCheck({ busy: false, lines: null, error });
    }
    onDone();
  }
  // Right after it was saved, it is tried.
  useEffect(() => {
    if (query.value.get('test')) void test();
  }, [provider.revision]);
  useKeys([{ key: 't', words: t('email.test'), run: () => void test() }]);
  return (
    <Card title={t('check.title')}>
      <div class="stack">
        <p><Button hint="t" disabled={check.busy} onClick={() => void test()}>{t('email.test')}</Button></p>
        <Checks check={check} hint={t('signon.test.hint')} />
      </div>
    </Card>
  );
}

function Known({ provider }: { provider: IdentityProvider }) {
  const identities = useAll<Identity>('/identities');
  const [forgetting, setForgetting] = useState<Identity | null>(null);
  const rows = identities.data?.filter((one) => one.provider_id === provider.id) ?? [];
  return (
    <Card title={t('signon.known')} bare={rows.length > 0}>
      {rows.length === 0 ? <p class="soft">{t('signon.known.none')}</p> : (
        <div class="table people"><table aria-label={t('signon.known')}>
          <thead><tr><th scope="col">{t('signon.known.user')}</th><th scope="col">{t('signon.known.subject')}</th><th scope="col">{t('signon.known.last')}</th><th scope="col"><span class="visually-hidden">{t('signon.known.forget')}</span></th></tr></thead>
          <tbody>
            {rows.map((one) => (
              <tr key={one.id}>
                <td><strong>{one.user}</strong></td>
                <td class="break mono">{one.subject}</td>
                <td class="tight"><Time at={one.last_login_at} /></td>
                <td class="last"><Button onClick={() => setForgetting(one)}>{t('signon.known.forget')}</Button></td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
      {forgetting && (
        <Confirm title={t('signon.known.forget.title', { name: forgetting.user })} yes={t('signon.known.forget')} onClose={() => setForgetting(null)}
          run={async () => { await api.remove(`/identities/${forgetting.id}`); say(t('signon.known.forgotten')); identities.reload(); }}>
          <p>{t('signon.known.forget.hint')}</p>
        </Confirm>
      )}
    </Card>
  );
}

function ProviderPage({ id }: { id: string }) {
  const provider = useLoad<IdentityProvider>(`/identity-providers/${id}`);
  const kinds = useLoad<Page<Kind>>('/identity-provider-kinds');
  const [deleting, setDeleting] = useState(false);
  useEvery(10, provider.reload);
  useKeys([{ key: 'Escape', words: t('nav.signon'), run: () => go('/settings/sign-on') }]);
  const error = (!provider.data && provider.error) || (!kinds.data && kinds.error);
  if (error) return <FailedPage error={error} retry={() => { provider.reload(); kinds.reload(); }} of="nav.signon" back="/settings/sign-on" />;
  if (!provider.data || !kinds.data) return <Waiting />;
  const one = provider.data;
  const kind = kinds.data.items.find((other) => other.name === one.kind);
  return (
    <div class="page">
      <div class="page-head">
        <a href="/settings/sign-on" aria-label={t('nav.signon')}>←</a>
        <h1 class="break">{one.name}</h1>
        <StateBadge provider={one} />
        <div class="actions"><Button look="danger" onClick={() => setDeleting(true)}>{t('do.delete')}</Button></div>
      </div>
      <div class="split">
        <div class="stack">
          {kind && <ProviderForm kind={kind} provider={one} onSaved={(saved) => { provider.set(saved); setQuery({ test: '1' }); }} />}
          <Known provider={one} />
        </div>
        <aside class="stack sticky">
          <TestCard provider={one} onDone={provider.reload} />
          {one.redirect_url && <Redirect url={one.redirect_url} />}
          <Note tone="plain"><p>{t('signon.codes')}</p></Note>
        </aside>
      </div>
      {deleting && (
        <Confirm title={t('signon.delete.title', { name: one.name })} yes={t('do.delete')} onClose={() => setDeleting(false)}
          run={async () => { await api.remove(`/identity-providers/${one.id}`); say(t('signon.delete.said', { name: one.name })); go('/settings/sign-on'); }}>
          <p>{t('signon.delete.hint')}</p>
        </Confirm>
      )}
    </div>
  );
}

export function ProviderOne({ params }: PageProps) {
  return <ProviderPage key={params.id} id={params.id!} />;
}
