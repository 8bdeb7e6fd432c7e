// API keys: made, shown once, revoked.
import { useState } from 'preact/hooks';
import { api, words } from '../base/api';
import { useEvents } from '../base/events';
import { useKeys } from '../base/keys';
import { useAll } from '../base/load';
import { scopes, type ApiKey, type Scope, type User } from '../base/types';
import { Badge, Button, Copy, Empty, Failed, Field, Input, Note, Select, Time, Waiting } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { Confirm } from '../components/forms';
import { t, word, type Key } from '../i18n';

const lives = ['30', '90', '365', 'never', 'date'] as const;
type Life = (typeof lives)[number];
const day = 86_400_000;
const sights = ['everything', 'teams', 'owner'] as const;
type KeySight = (typeof sights)[number];
const sightWords: Record<KeySight, Key> = { everything: 'sight.everything', teams: 'sight.key.teams', owner: 'sight.key.owner' };

function stateOf(key: ApiKey): 'good' | 'revoked' | 'expired' {
  if (key.revoked_at) return 'revoked';
  return key.expires_at && Date.parse(key.expires_at) < Date.now() ? 'expired' : 'good';
}

function NewKey({ onMade, onClose }: { onMade: (key: ApiKey) => void; onClose: () => void }) {
  const [name, setName] = useState('');
  const [picked, setPicked] = useState<ReadonlySet<Scope>>(new Set(['read']));
  const [life, setLife] = useState<Life>('90');
  const [date, setDate] = useState('');
  const [sight, setSight] = useState<KeySight>('everything');
  const [owner, setOwner] = useState('');
  const users = useAll<User>('/users');
  const people = [...(users.data ?? [])].sort((a, b) => a.name.localeCompare(b.name));
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  function pick(scope: Scope): void {
    const next = new Set(picked);
    if (!next.delete(scope)) next.add(scope);
    setPicked(next);
  }
  async function make(event: Event): Promise<void> {
    event.preventDefault();
    const until = life === 'never' ? null : life === 'date' ? new Date(date) : new Date(Date.now() + Number(life) * day);
    if (picked.size === 0) return setWrong(t('apikeys.scopes.wrong'));
    if (until && !(until.getTime() > Date.now())) return setWrong(t('apikeys.date.wrong'));
    setBusy(true);
    try {
      onMade(await api.post<ApiKey>('/api-keys', { name: name.trim(), scopes: scopes.filter((scope) => picked.has(scope)), expires_at: until?.toISOString() ?? null,
        ...(sight === 'owner' ? { owner: owner || people[0]?.name } : { sight }) }));
      onClose();
    } catch (error) {
      setWrong(words(error));
      setBusy(false);
    }
  }
  return (
    <Dialog title={t('apikeys.new')} onClose={onClose}>
      <form class="stack" onSubmit={make}>
        {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
        <Input label={t('apikeys.name')} hint={t('apikeys.name.hint')} value={name} onChange={setName} maxLength={200} required autofocus />
        <fieldset class="field">
          <legend class="legend">{t('apikeys.scopes')}</legend>
          <div class="options">
            {scopes.map((scope) => (
              <label key={scope}>
                <input type="checkbox" checked={picked.has(scope)} onChange={() => pick(scope)} />
                <span><strong class="mono">{scope}</strong><span class="soft">{t(`scope.${scope}` as Key)}</span></span>
              </label>
            ))}
          </div>
        </fieldset>
        <Select<KeySight> label={t('sight.label')} value={sight} options={sights.map((one) => ({ value: one, words: t(sightWords[one]) }))} onChange={setSight} />
        {sight === 'owner' && <Select label={t('sight.owner')} value={owner || people[0]?.name || ''} options={people.map((one) => ({ value: one.name, words: one.display_name ?? one.name }))} onChange={setOwner} />}
        <Select<Life> label={t('apikeys.life')} value={life} options={lives.map((one) => ({ value: one, words: t(`apikeys.life.${one}` as Key) }))} onChange={setLife} />
        {life === 'date' && <Field label={t('apikeys.date')}>{(id) => <input class="input" id={id} type="datetime-local" required value={date} onInput={(event) => setDate(event.currentTarget.value)} />}</Field>}
        <div class="row"><Button look="primary" type="submit" disabled={busy}>{t('apikeys.make')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

export function ApiKeys() {
  const keys = useAll<ApiKey>('/api-keys');
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<ApiKey | null>(null);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const [whole, setWhole] = useState(false);
  useEvents((event) => event.object_kind === 'api_key', keys.reload);
  useKeys([{ key: 'n', words: t('apikeys.new'), run: () => setMaking(true) }]);
  const rows = (keys.data ?? []).filter((key) => whole || stateOf(key) === 'good');
  const hidden = (keys.data?.length ?? 0) - rows.length;
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t('nav.keys')}</h1>
        <div class="actions">
          {(hidden > 0 || whole) && <Button look="quiet" aria-pressed={whole} onClick={() => setWhole(!whole)}>{t('apikeys.whole')}</Button>}
          <Button look="primary" hint="n" onClick={() => setMaking(true)}>+ {t('apikeys.new')}</Button>
        </div>
      </div>
      <div class="stack">
        {made?.key && (
          <div role="status">
            <Note tone="accent" title={t('apikeys.made', { name: made.name })}>
              <div class="stack">
                <p>{t('apikeys.made.hint')}</p>
                <div class="secret">{made.key}</div>
                <div class="row"><Copy look="primary" text={made.key} /><Button onClick={() => setMade(null)}>{t('apikeys.made.done')}</Button></div>
              </div>
            </Note>
          </div>
        )}
        {keys.error && !keys.data ? <Failed error={keys.error} retry={keys.reload} /> : !keys.data ? <Waiting /> : rows.length === 0 ? (
          <Empty title={t('apikeys.none')}><p>{t('apikeys.none.hint')}</p></Empty>
        ) : (
          <div class="table">
            <table aria-label={t('nav.keys')}>
              <thead><tr><th>{t('apikeys.name')}</th><th>{t('apikeys.prefix')}</th><th>{t('apikeys.scopes')}</th><th>{t('apikeys.by')}</th><th>{t('apikeys.used')}</th><th>{t('apikeys.expires')}</th><th><span class="visually-hidden">{t('sources.actions')}</span></th></tr></thead>
              <tbody>
                {rows.map((key) => {
                  const state = stateOf(key);
                  return (
                    <tr key={key.id}>
                      <td class="break"><strong>{key.name}</strong>{state !== 'good' && <> <Badge tone="plain">{t(`apikeys.${state}`)}</Badge></>}{key.owner ? <div class="soft">{t('sight.owner.of', { name: key.owner })}</div> : key.sight === 'teams' && <div class="soft">{t('sight.key.teams')}</div>}</td>
                      <td class="mono tight">{key.prefix}…</td>
                      <td><div class="row">{key.scopes.map((scope) => <Badge key={scope} tone={scope === 'admin' ? 'major' : 'plain'} title={word('scope', scope)}>{scope}</Badge>)}</div></td>
                      <td class="tight">{key.created_by}<div class="soft"><Time at={key.created_at} /></div></td>
                      <td class="tight">{key.last_used_at ? <Time at={key.last_used_at} /> : <span class="soft">{t('apikeys.unused')}</span>}</td>
                      <td class="tight">{key.revoked_at ? <>{t('apikeys.revoked')} <Time at={key.revoked_at} /></> : key.expires_at ? <Time at={key.expires_at} /> : t('apikeys.life.never')}</td>
                      <td class="last">{state === 'good' && <Button look="danger" onClick={() => setRevoking(key)}>{t('apikeys.revoke')}</Button>}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </div>
      {making && <NewKey onMade={(key) => { setMade(key); keys.reload(); }} onClose={() => setMaking(false)} />}
      {revoking && (
        <Confirm title={t('apikeys.revoke.title', { name: revoking.name })} yes={t('apikeys.revoke')} onClose={() => setRevoking(null)}
          run={async () => { await api.remove(`/api-keys/${revoking.id}`); say(t('apikeys.revoke.said', { name: revoking.name })); keys.reload(); }}>
          <p>{t('apikeys.revoke.hint')}</p>
        </Confirm>
      )}
    </div>
  );
}
