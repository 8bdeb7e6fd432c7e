// The own account: name, passphrase, codes, where one is logged in, and how the console looks.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { theme, type Theme } from '../app/theme';
import { api, session, words } from '../base/api';
import { useAll } from '../base/load';
import type { User, UserSession } from '../base/types';
import { Badge, Button, Card, Copy, Failed, Input, Note, Select, Time, Waiting } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { language, languages, setLanguage, t } from '../i18n';

/** What the session says of the person follows what was changed. */
function take(user: User): void {
  if (session.value) session.value = { ...session.value, user };
}

/** A form whose refusal stands above its button. */
function useSubmit(run: () => Promise<void>): { wrong: ComponentChildren; submit: (event: Event) => Promise<void>; busy: boolean } {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await run();
    } catch (problem) {
      setError(words(problem));
    } finally {
      setBusy(false);
    }
  }
  return { wrong: error && <div role="alert"><Note tone="critical">{error}</Note></div>, submit, busy };
}

function You({ user }: { user: User }) {
  const [name, setName] = useState(user.display_name ?? '');
  const [email, setEmail] = useState(user.email ?? '');
  const { wrong, submit, busy } = useSubmit(async () => {
    take(await api.patch<User>('/account', { display_name: name.trim() || null, email: email.trim() || null }));
    say(t('say.saved'));
  });
  return (
    <Card title={t('account.you')}>
      <form class="stack" onSubmit={submit}>
        <dl class="facts"><dt>{t('users.name')}</dt><dd>{user.name}</dd><dt>{t('account.role')}</dt><dd>{user.role}</dd></dl>
        <Input label={t('account.name')} value={name} onChange={setName} autocomplete="name" maxLength={200} />
        <Input label={t('account.email')} value={email} onChange={setEmail} type="email" autocomplete="email" />
        {wrong}
        <div><Button look="primary" type="submit" disabled={busy}>{t('do.save')}</Button></div>
      </form>
    </Card>
  );
}

function Passphrase({ onDone }: { onDone: () => void }) {
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const differ = again !== '' && password !== again;
  const { wrong, submit, busy } = useSubmit(async () => {
    take(await api.post<User>('/account/password', { old, password }));
    [setOld, setPassword, setAgain].forEach((set) => set(''));
    say(t('account.password.said'));
    onDone();
  });
  return (
    <Card title={t('account.password')}>
      <form class="stack" onSubmit={submit}>
        <Input label={t('account.password.old')} value={old} onChange={setOld} type="password" autocomplete="current-password" required />
        <Input label={t('account.password.new')} hint={t('setup.password.hint')} value={password} onChange={setPassword} type="password" autocomplete="new-password" minLength={12} required />
        <Input label={t('setup.again')} wrong={differ ? t('setup.differ') : null} value={again} onChange={setAgain} type="password" autocomplete="new-password" required />
        {wrong}
        <div><Button look="primary" type="submit" disabled={busy || differ || !again}>{t('account.password.do')}</Button></div>
      </form>
    </Card>
  );
}

interface Offer {
  secret: string;
  uri: string;
}

interface Recovery {
  recovery_codes: string[];
}

/** The secret to type, and the code that proves that it arrived. */
function Enrol({ offer, onDone, onClose }: { offer: Offer; onDone: (codes: string[]) => void; onClose: () => void }) {
  const [code, setCode] = useState('');
  const { wrong, submit, busy } = useSubmit(async () => onDone((await api.post<Recovery>('/account/totp/confirm', { code: code.trim() })).recovery_codes));
  return (
    <Dialog title={t('account.codes')} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <p>{t('account.codes.scan')}</p>
        <div class="field">
          <span class="label">{t('account.codes.secret')}</span>
          <div class="row"><code class="mono">{offer.secret.replace(/(.{4})(?=.)/g, '$1 ')}</code><Copy text={offer.secret} /></div>
        </div>
        <p><a href={offer.uri}>{t('account.codes.link')}</a></p>
        <Input label={t('account.codes.code')} value={code} onChange={setCode} inputMode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" required autofocus />
        {wrong}
        <div class="row"><Button look="primary" type="submit" disabled={busy}>{t('account.codes.confirm')}</Button><Button onClick={onClose}>{t('do.cancel')}</Button></div>
      </form>
    </Dialog>
  );
}

function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  return (
    <Dialog title={t('account.recovery')} onClose={onClose} foot={<><Copy text={codes.join('\n')} /><Button look="primary" onClick={onClose}>{t('account.recovery.kept')}</Button></>}>
      <p>{t('account.recovery.hint')}</p>
      <ol class="recovery">{codes.map((code) => <li key={code}><code class="mono">{code}</code></li>)}</ol>
    </Dialog>
  );
}

function Codes({ user, onDone }: { user: User; onDone: () => void }) {
  const [password, setPassword] = useState('');
  const [offer, setOffer] = useState<Offer | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [doing, setDoing] = useState<'begin' | 'remove' | 'renew'>('begin');
  const { wrong, submit, busy } = useSubmit(async () => {
    if (!user.totp) setOffer(await api.post<Offer>('/account/totp', { password }));
    else if (doing === 'renew') setCodes((await api.post<Recovery>('/account/recovery-codes', { password })).recovery_codes);
    else {
      await api.post('/account/totp/remove', { password });
      take({ ...user, totp: false });
      say(t('account.codes.removed'));
    }
    setPassword('');
  });
  function enrolled(fresh: string[]): void {
    setOffer(null);
    setCodes(fresh);
    take({ ...user, totp: true });
    onDone();
  }
  return (
    <Card title={t('account.codes')} actions={user.totp ? <Badge tone="good">{t('users.codes.yes')}</Badge> : undefined}>
      <form class="stack" onSubmit={submit}>
        <p>{user.totp ? t('account.codes.on') : t('account.codes.off')}</p>
        <Input label={t('account.proof')} value={password} onChange={setPassword} type="password" autocomplete="current-password" required />
        {wrong}
        <div class="row">
          {!user.totp && <Button look="primary" type="submit" disabled={busy}>{t('account.codes.begin')}</Button>}
          {user.totp && <Button type="submit" disabled={busy} onClick={() => setDoing('renew')}>{t('account.codes.renew')}</Button>}
          {user.totp && <Button look="danger" type="submit" disabled={busy} onClick={() => setDoing('remove')}>{t('account.codes.remove')}</Button>}
        </div>
      </form>
      {offer && <Enrol offer={offer} onDone={enrolled} onClose={() => setOffer(null)} />}
      {codes && <RecoveryCodes codes={codes} onClose={() => setCodes(null)} />}
    </Card>
  );
}

function Looks() {
  return (
    <Card title={t('account.looks')}>
      <div class="stack">
        <Select<Theme> label={t('app.theme')} value={theme.value} options={(['auto', 'light', 'dark'] as const).map((one) => ({ value: one, words: t(`app.theme.${one}`) }))} onChange={(one) => (theme.value = one)} />
        <Select label={t('app.language')} value={language.value} options={languages.map((one) => ({ value: one.code, words: one.name }))} onChange={setLanguage} />
      </div>
    </Card>
  );
}

/** "Firefox · Linux" of what a browser calls itself, which is long and mostly history. */
function browser(agent: string): string {
  const name = /(Edg|OPR|Firefox|Chrome|Safari|curl|python)/i.exec(agent)?.[1] ?? '';
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1] ?? '';
  return [{ Edg: 'Edge', OPR: 'Opera' }[name] ?? name, system].filter(Boolean).join(' · ') || agent || '–';
}

export function AccountPage() {
  const user = session.value!.user;
  const sessions = useAll<UserSession>('/sessions', { user_id: user.id });
  const end = (one: UserSession) => api.remove(`/sessions/${one.id}`).then(() => { say(t('account.sessions.ended')); sessions.reload(); }, (error) => say(words(error), 'critical'));
  return (
    <div class="page stack wide">
      <div class="page-head"><h1>{t('app.account')}</h1></div>
      <div class="columns">
        <You user={user} />
        {user.password_set ? <><Passphrase onDone={sessions.reload} /><Codes user={user} onDone={sessions.reload} /></> : <Card title={t('account.password')}><p class="soft">{t('account.elsewhere')}</p></Card>}
        <Looks />
      </div>
      <Card title={t('account.sessions')} bare>
        {sessions.error && !sessions.data ? <Failed error={sessions.error} retry={sessions.reload} /> : !sessions.data ? <Waiting /> : (
          <div class="table people"><table aria-label={t('account.sessions')}>
            <thead>
              <tr>
                <th scope="col">{t('account.sessions.browser')}</th><th scope="col">{t('account.sessions.address')}</th><th scope="col">{t('account.sessions.since')}</th>
                <th scope="col">{t('account.sessions.seen')}</th><th scope="col"><span class="visually-hidden">{t('account.sessions.end')}</span></th>
              </tr>
            </thead>
            <tbody>
              {sessions.data.map((one) => (
                <tr key={one.id}>
                  <td title={one.agent}>{browser(one.agent)}</td><td class="mono">{one.address}</td><td><Time at={one.created_at} /></td><td><Time at={one.seen_at} /></td>
                  <td class="last"><Button onClick={() => void end(one)}>{t('account.sessions.end')}</Button></td>
                </tr>
              ))}
            </tbody>
          </table></div>
        )}
      </Card>
    </div>
  );
}
