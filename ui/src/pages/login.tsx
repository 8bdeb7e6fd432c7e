// The door: log in, or, on the first day, make the first administrator.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { comeBack, loadSession, lookBack } from '../app/session';
import { api, Problem, session, words } from '../base/api';
import { useLoad } from '../base/load';
import { go, query } from '../base/router';
import type { Session } from '../base/types';
import { Button, Input, Mark, Note, Select } from '../components/basics';
import { t } from '../i18n';

interface Provider {
  id: number;
  name: string;
  kind: 'oidc' | 'ldap';
}

interface Methods {
  setup_needed: boolean;
  providers: Provider[];
  only_way: boolean;
}

/** Where a person was going, over the way to a provider and back: a place of ours, whatever is found there. */
const kept = 'trawl.going';

function keepPlace(): void {
  const place = location.pathname === '/login' ? '/' : location.pathname + location.search;
  try {
    sessionStorage.setItem(kept, place);
  } catch {
    // a private window: it ends at the beginning
  }
}

function takePlace(): string {
  try {
    const place = sessionStorage.getItem(kept) ?? '/';
    sessionStorage.removeItem(kept);
    const url = new URL(place, location.origin);
    return url.origin === location.origin && place.startsWith('/') && !place.startsWith('//') ? url.pathname + url.search : '/';
  } catch {
    return '/';
  }
}

function remembered(): string {
  try {
    return localStorage.getItem('trawl.directory') ?? '';
  } catch {
    return '';
  }
}

/** @who: was here before, and is likely to be who comes now. */
function Passphrase({ directories, hint, who }: { directories: Provider[]; hint: string | null; who: string }) {
  const form = useRef<HTMLFormElement>(null);
  const [name, setName] = useState(who);
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asksCode, setAsksCode] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [where, setWhere] = useState(remembered);
  const chosen = directories.find((one) => String(one.id) === where) ?? (where === 'own' ? undefined : directories[0]);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setWrong(null);
    try {
      comeBack(chosen
        ? await api.post<Session>('/sign-on', { provider: chosen.id, name, password })
        : await api.post<Session>('/session', asksCode ? { name, password, code } : { name, password }));
      if (location.pathname === '/login') go('/');
    } catch (error) {
      if (error instanceof Problem && error.code === 'code_needed') setAsksCode(true);
      else setWrong(error instanceof Problem && error.status === 401 ? t(asksCode ? 'login.code.wrong' : 'login.wrong') : words(error));
    } finally {
      setBusy(false);
    }
  }

  // the browser minds autofocus only once
  useEffect(() => {
    if (asksCode) form.current?.querySelector<HTMLElement>('[autocomplete="one-time-code"]')?.focus();
  }, [asksCode]);

  function choose(value: string): void {
    setWhere(value);
    setAsksCode(false);
    try {
      localStorage.setItem('trawl.directory', value);
    } catch {
      // a private window: it is asked again
    }
  }

  return (
    <form ref={form} class="stack" onSubmit={submit}>
      {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
      {hint && <p class="soft">{hint}</p>}
      {directories.length > 0 && <Select label={t('login.where')} value={chosen ? String(chosen.id) : 'own'} options={[...directories.map((one) => ({ value: String(one.id), words: one.name })), { value: 'own', words: t('login.where.own') }]} onChange={choose} />}
      <Input label={t('login.name')} value={name} onChange={setName} autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus={!who} />
      <Input label={t('login.password')} value={password} onChange={setPassword} type="password" autocomplete="current-password" required autofocus={Boolean(who)} />
      {asksCode && !chosen && <Input label={t('login.code')} hint={t('login.code.hint')} value={code} onChange={setCode} autocomplete="one-time-code" autocapitalize="none" spellcheck={false} maxLength={40} required />}
      <Button look="primary" type="submit" busy={busy}>{t('login.do')}</Button>
    </form>
  );
}

/** The ways in. @again: for whoever was inside until now, so that the page below stays as it is. */
function Ways({ methods, again = false }: { methods: Methods | undefined; again?: boolean }) {
  const [wrong, setWrong] = useState<string | null>(null);
  const [leaving, setLeaving] = useState(false);
  const [local, setLocal] = useState(false);
  const providers = methods?.providers ?? [];
  const away = providers.filter((one) => one.kind === 'oidc');
  const directories = providers.filter((one) => one.kind === 'ldap');
  const onlyWay = methods?.only_way ?? false;
  const hidden = onlyWay && directories.length === 0 && !local;

  async function leave(provider: Provider): Promise<void> {
    setLeaving(!again);
    setWrong(null);
    try {
      const { url } = await api.post<{ url: string }>('/sign-on', { provider: provider.id });
      keepPlace();
      if (again) open(url);
      else location.assign(url);
    } catch (error) {
      setWrong(words(error));
      setLeaving(false);
    }
  }

  return (
    <div class="card stack">
      <div class="brand"><Mark /><h1>{t(again ? 'login.again' : 'login.title')}</h1></div>
      {again && <p>{t('login.again.hint')}</p>}
      {wrong && <div role="alert"><Note tone="critical">{wrong}</Note></div>}
      {away.map((one) => <Button key={one.id} look={onlyWay ? 'primary' : undefined} disabled={leaving} onClick={() => void leave(one)}>{t('login.oidc', { name: one.name })}</Button>)}
      {away.length > 0 && !hidden && <div class="or" role="separator"><span>{t('login.or')}</span></div>}
      {hidden ? <Button look="quiet" onClick={() => setLocal(true)}>{t('login.local')}</Button>
        : <Passphrase directories={directories} hint={onlyWay ? t('login.only') : null} who={again ? session.value?.user.name ?? '' : ''} />}
    </div>
  );
}

export function Login() {
  const methods = useLoad<Methods>('/session/methods');
  if (!methods.data && !methods.error) return <main class="lone" aria-busy="true" />;
  return <main class="lone"><Ways methods={methods.data} /></main>;
}

/** Over the page on which the session has ended: nothing of it is seen, and all of it is there again afterwards. */
export function LoginAgain() {
  const element = useRef<HTMLDialogElement>(null);
  const methods = useLoad<Methods>('/session/methods');
  const isKnown = Boolean(methods.data ?? methods.error);
  const show = () => element.current?.isConnected && element.current.showModal();
  useLayoutEffect(() => {
    if (isKnown) show();
  }, [isKnown]);
  useEffect(() => {
    addEventListener('focus', lookBack);
    return () => removeEventListener('focus', lookBack);
  }, []);
  return (
    <dialog class="door" ref={element} aria-label={t('login.again')} onCancel={(event) => event.preventDefault()} onClose={show}>
      {isKnown && <div class="lone"><Ways methods={methods.data} again /></div>}
    </dialog>
  );
}

/** Back from a provider, with what it added to the address: that is taken out of it at once, and shown to the server once. */
export function Back() {
  const [wrong, setWrong] = useState<string | null>(null);
  useEffect(() => {
    const given = new URLSearchParams(location.search);
    history.replaceState(null, '', '/sign-on/callback');
    const body = Object.fromEntries(['state', 'code', 'iss', 'error', 'error_description'].map((one) => [one, given.get(one)]).filter(([, value]) => value));
    void (async () => {
      try {
        const begun = await api.post<Session>('/sign-on/finish', body);
        go(takePlace(), { replace: true });
        session.value = begun;
      } catch (error) {
        setWrong(error instanceof Problem ? error.detail : words(error));
        void loadSession();
      }
    })();
  }, []);
  return (
    <main class="lone">
      <div class="card stack">
        <div class="brand"><Mark /><h1>{wrong ? t('signon.back.refused') : t('signon.back.title')}</h1></div>
        {wrong ? <div role="alert"><Note tone="critical"><p class="break">{wrong}</p></Note></div> : <p role="status" class="row"><span class="wait" />{t('signon.back.busy')}</p>}
        {wrong && <a class="button primary" href="/login">{t('signon.back.again')}</a>}
      </div>
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
  const [busy, setBusy] = useState(false);
  const gone = error instanceof Problem && error.status === 401;
  const differ = again !== '' && password !== again;

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      session.value = await api.post<Session>('/setup', { token, name, display_name: display, password });
      go('/');
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  }

  return (
    <main class="lone">
      <form class="card stack" onSubmit={submit}>
        <div class="brand"><Mark /><h1>{t('setup.title')}</h1></div>
        <p class="soft">{t('setup.hint')}</p>
        {error !== null && <div role="alert"><Note tone="critical" title={gone ? t('setup.gone') : undefined}>{gone ? t('setup.gone.hint') : words(error)}</Note></div>}
        <Input label={t('setup.name')} value={name} onChange={setName} autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
        <Input label={t('setup.display')} value={display} onChange={setDisplay} autocomplete="name" />
        <Input label={t('setup.password')} hint={t('setup.password.hint')} value={password} onChange={setPassword} type="password" autocomplete="new-password" minLength={12} required />
        <Input label={t('setup.again')} wrong={differ ? t('setup.differ') : null} value={again} onChange={setAgain} type="password" autocomplete="new-password" required />
        <Button look="primary" type="submit" disabled={differ || !again} busy={busy}>{t('setup.do')}</Button>
      </form>
    </main>
  );
}
