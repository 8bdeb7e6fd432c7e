// The door: log in, or, on the first day, make the first administrator.
import { useState } from 'preact/hooks';
import { api, Problem, session, words } from '../base/api';
import { useLoad } from '../base/load';
import { go, query } from '../base/router';
import type { Session } from '../base/types';
import { Button, Input, Note } from '../components/basics';
import { t } from '../i18n';

interface Methods {
  setup_needed: boolean;
  providers: { name: string; title: string; start: string }[];
}

export function Login() {
  const methods = useLoad<Methods>('/session/methods');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asksCode, setAsksCode] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setWrong(null);
    try {
      session.value = await api.post<Session>('/session', asksCode ? { name, password, code } : { name, password });
      if (location.pathname === '/login') go('/');
    } catch (error) {
      if (error instanceof Problem && error.code === 'code_needed') setAsksCode(true);
      else setWrong(error instanceof Problem && error.status === 401 ? t('login.wrong') : words(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <main class="lone">
      <form class="card stack" onSubmit={submit}>
        <div class="brand"><img src="/icon.svg" alt="" /><h1>{t('login.title')}</h1></div>
        {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
        <Input label={t('login.name')} value={name} onChange={setName} autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
        <Input label={t('login.password')} value={password} onChange={setPassword} type="password" autocomplete="current-password" required />
        {asksCode && <Input label={t('login.code')} hint={t('login.code.hint')} value={code} onChange={setCode} autocomplete="one-time-code" autocapitalize="none" spellcheck={false} maxLength={40} required autofocus />}
        <Button look="primary" type="submit" disabled={busy}>{t('login.do')}</Button>
        {methods.data?.providers.map((one) => <a key={one.name} class="button" href={one.start}>{t('login.oidc', { name: one.title })}</a>)}
      </form>
    </main>
  );
}

export function Setup() {
  const token = query.value.get('token') ?? '';
  const [name, setName] = useState('');
  const [display, setDisplay] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<unknown>(null);
  const gone = error instanceof Problem && error.status === 401;
  const differ = again !== '' && password !== again;

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    try {
      session.value = await api.post<Session>('/setup', { token, name, display_name: display, password });
      go('/');
    } catch (problem) {
      setError(problem);
    }
  }

  return (
    <main class="lone">
      <form class="card stack" onSubmit={submit}>
        <div class="brand"><img src="/icon.svg" alt="" /><h1>{t('setup.title')}</h1></div>
        <p class="soft">{t('setup.hint')}</p>
        {error !== null && <div role="alert"><Note tone="critical" title={gone ? t('setup.gone') : undefined}>{gone ? t('setup.gone.hint') : words(error)}</Note></div>}
        <Input label={t('setup.name')} value={name} onChange={setName} autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
        <Input label={t('setup.display')} value={display} onChange={setDisplay} autocomplete="name" />
        <Input label={t('setup.password')} hint={t('setup.password.hint')} value={password} onChange={setPassword} type="password" autocomplete="new-password" minLength={12} required />
        <Input label={t('setup.again')} wrong={differ ? t('setup.differ') : null} value={again} onChange={setAgain} type="password" autocomplete="new-password" required />
        <Button look="primary" type="submit" disabled={differ || !again}>{t('setup.do')}</Button>
      </form>
    </main>
  );
}
