// People who log in: made, changed, locked out, let in again.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { api, session, words } from '../base/api';
import { useKeys } from '../base/keys';
import { useAll } from '../base/load';
import type { Identity, Role, Sight, User } from '../base/types';
import { Badge, Button, Check, Empty, Failed, Input, Note, Select, Time, Waiting, type Tone } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { Confirm } from '../components/forms';
import { t, type Key } from '../i18n';

type State = 'good' | 'off' | 'locked' | 'mute' | 'known';
const tones: Record<State, Tone> = { good: 'good', off: 'plain', locked: 'critical', mute: 'moderate', known: 'good' };

function stateOf(user: User, known: boolean): State {
  if (!user.enabled) return 'off';
  if (user.locked_until) return 'locked';
  return user.password_set ? 'good' : known ? 'known' : 'mute';
}

const sights: Sight[] = ['everything', 'teams'];

/** Makes a user, or changes @user. */
function Edit({ user, roles, more, onDone, onClose }: { user: User | null; roles: Role[]; more?: ComponentChildren; onDone: () => void; onClose: () => void }) {
  const [name, setName] = useState('');
  const [called, setCalled] = useState(user?.display_name ?? '');
  const [email, setEmail] = useState(user?.email ?? '');
  const [role, setRole] = useState(user?.role ?? 'viewer');
  const [password, setPassword] = useState('');
  const [enabled, setEnabled] = useState(user?.enabled ?? true);
  const [sight, setSight] = useState<Sight>(user?.sight ?? 'everything');
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  async function save(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const common = { display_name: called.trim() || null, email: email.trim() || null, role, sight, enabled };
    try {
      if (user) await api.patch(`/users/${user.id}`, common, { etag: `"${user.revision}"` });
      else await api.post('/users', { ...common, name: name.trim(), ...(password && { password }) });
      say(user ? t('say.saved') : t('users.made', { name: name.trim() }));
      onDone();
      onClose();
    } catch (error) {
      setWrong(words(error));
      setBusy(false);
    }
  }
  return (
    <Dialog title={user ? t('users.edit', { name: user.name }) : t('users.new')} foot={more} onClose={onClose}>
      <form class="stack" onSubmit={save}>
        {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
        {!user && <Input label={t('users.name')} hint={t('users.name.hint')} value={name} onChange={setName} autocomplete="off" autocapitalize="none" spellcheck={false} maxLength={200} required autofocus />}
        <Input label={t('users.called')} value={called} onChange={setCalled} autocomplete="off" maxLength={200} />
        <Input label={t('users.email')} value={email} onChange={setEmail} type="email" autocomplete="off" />
        <Select label={t('users.role')} value={role} options={roles.map((one) => ({ value: one.name, words: one.name }))} onChange={setRole} />
        <Select<Sight> label={t('sight.label')} hint={user ? t('sight.hint') : undefined} value={sight} options={sights.map((one) => ({ value: one, words: t(`sight.${one}`) }))} onChange={setSight} />
        {!user && <Input label={t('users.password')} hint={t('users.password.hint')} value={password} onChange={setPassword} type="password" autocomplete="new-password" minLength={12} />}
        {user && <Check label={t('users.enabled')} hint={t('users.enabled.hint')} checked={enabled} onChange={setEnabled} />}
        <div class="row"><Button look="primary" type="submit" disabled={busy}>{user ? t('do.save') : t('users.make')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

function SetPassword({ user, onDone, onClose }: { user: User; onDone: () => void; onClose: () => void }) {
  const [password, setPassword] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  async function save(event: Event): Promise<void> {
    event.preventDefault();
    try {
      await api.post(`/users/${user.id}/password`, { password });
      say(t('users.password.said'));
      onDone();
      onClose();
    } catch (error) {
      setWrong(words(error));
    }
  }
  return (
    <Dialog title={t('users.password.title', { name: user.name })} onClose={onClose}>
      <form class="stack" onSubmit={save}>
        <Input label={t('users.password')} hint={t('setup.password.hint')} wrong={wrong} value={password} onChange={setPassword} type="password" autocomplete="new-password" minLength={12} required autofocus />
        <div class="row"><Button look="primary" type="submit">{t('users.do.password')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

type Open = { kind: 'new' } | { kind: 'edit' | 'password' | 'delete'; user: User } | null;

export function Users() {
  const users = useAll<User>('/users');
  const roles = useAll<Role>('/roles');
  const identities = useAll<Identity>('/identities');
  const providersOf = (user: User) => (identities.data ?? []).filter((one) => one.user_id === user.id).map((one) => one.provider);
  const state = (user: User) => stateOf(user, providersOf(user).length > 0);
  const [open, setOpen] = useState<Open>(null);
  const rows = [...(users.data ?? [])].sort((a, b) => a.name.localeCompare(b.name));
  useKeys([{ key: 'n', words: t('users.new'), run: () => setOpen({ kind: 'new' }) }]);

  async function change(call: Promise<unknown>, said: Key): Promise<void> {
    try {
      await call;
      say(t(said));
      setOpen(null);
      users.reload();
    } catch (error) {
      say(words(error), 'critical');
    }
  }

  /** What else can be done with a user, below the form. */
  const actions = (user: User) => (
    <div class="row" role="group" aria-label={t('users.actions', { name: user.name })}>
      {user.id !== session.value?.user.id && <Button onClick={() => setOpen({ kind: 'password', user })}>{t('users.do.password')}</Button>}
      {user.locked_until && <Button onClick={() => void change(api.post(`/users/${user.id}/unlock`), 'users.unlocked')}>{t('users.do.unlock')}</Button>}
      {user.totp && <Button onClick={() => void change(api.remove(`/users/${user.id}/totp`), 'users.nocodes.said')}>{t('users.do.nocodes')}</Button>}
      <Button onClick={() => void change(api.remove(`/users/${user.id}/sessions`), 'users.sessions.said')}>{t('users.do.sessions')}</Button>
      <Button look="danger" onClick={() => setOpen({ kind: 'delete', user })}>{t('do.delete')}</Button>
    </div>
  );
  const done = users.reload, close = () => setOpen(null);
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t('nav.users')}</h1>
        <div class="actions"><Button look="primary" hint="n" onClick={() => setOpen({ kind: 'new' })}>+ {t('users.new')}</Button></div>
      </div>
      {users.error && !users.data ? <Failed error={users.error} retry={users.reload} /> : !users.data ? <Waiting /> : rows.length === 0 ? <Empty title={t('users.none')} /> : (
        <div class="table people"><table aria-label={t('nav.users')}>
          <thead>
            <tr>
              <th scope="col">{t('users.name')}</th><th scope="col">{t('users.called')}</th><th scope="col">{t('users.role')}</th><th scope="col">{t('users.state')}</th>
              <th scope="col">{t('users.codes')}</th><th scope="col">{t('users.last')}</th><th scope="col"><span class="visually-hidden">{t('do.more')}</span></th>
            </tr>
          </thead>
          <tbody>
            {rows.map((user) => (
              <tr key={user.id}>
                <td><strong>{user.name}</strong>{user.id === session.value?.user.id && <span class="soft"> ({t('users.you')})</span>}</td>
                <td class="break">{user.display_name ?? <span class="soft">–</span>}{user.email && <div class="soft">{user.email}</div>}</td>
                <td>{user.role}{user.sight === 'teams' && <div class="soft">{t('sight.teams')}</div>}</td>
                <td><Badge tone={tones[state(user)]}>{t(`users.state.${state(user)}`, { name: providersOf(user).join(', ') })}</Badge></td>
                <td>{user.totp ? <Badge tone="good">{t('users.codes.yes')}</Badge> : <span class="soft">–</span>}</td>
                <td class="tight"><Time at={user.last_login_at} /></td>
                <td class="last"><Button onClick={() => setOpen({ kind: 'edit', user })}>{t('do.edit')}</Button></td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
      {open?.kind === 'new' && <Edit user={null} roles={roles.data ?? []} onDone={done} onClose={close} />}
      {open?.kind === 'edit' && <Edit user={open.user} roles={roles.data ?? []} more={actions(open.user)} onDone={done} onClose={close} />}
      {open?.kind === 'password' && <SetPassword user={open.user} onDone={done} onClose={close} />}
      {open?.kind === 'delete' && (
        <Confirm title={t('users.delete.title', { name: open.user.name })} yes={t('do.delete')} onClose={close}
          run={async () => { await api.remove(`/users/${open.user.id}`); say(t('users.deleted')); done(); }}>
          <p>{t('users.delete.hint')}</p>
        </Confirm>
      )}
    </div>
  );
}
