// What stands around every page: the bar, the navigation, the keyboard's list, what is said at the edge.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ended, session } from '../base/api';
import { live } from '../base/events';
import { bindings, useKeys } from '../base/keys';
import { go, match, path } from '../base/router';
import { Button, Empty, Mark, Menu } from '../components/basics';
import { Dialog, Toasts } from '../components/dialog';
import { Name } from '../components/name';
import { language, languages, setLanguage, t, word } from '../i18n';
import { LoginAgain } from '../pages/login';
import { home, pages } from './pages';
import { isRestricted, logOut, may } from './session';
import { theme, type Theme } from './theme';

const menuOpen = signal(false);

function visible() {
  return pages.filter((page) => !page.permission || may(page.permission));
}

function Navigation() {
  const here = path.value;
  const links = (section: 'work' | 'settings') => visible().filter((page) => page.nav?.section === section);
  const settings = links('settings');
  const link = (page: (typeof pages)[number]) => (
    <li key={page.path}>
      <a href={page.path} aria-current={here === page.path || here.startsWith(`${page.path}/`) ? 'page' : undefined} onClick={() => (menuOpen.value = false)}>
        {t(page.nav!.words)}
      </a>
    </li>
  );
  return (
    <nav class={`app-nav ${menuOpen.value ? 'open' : ''}`} aria-label={t('app.menu')}>
      <ul>{links('work').map(link)}</ul>
      {settings.length > 0 && <h2>{t('nav.settings')}</h2>}
      <ul>{settings.map(link)}</ul>
    </nav>
  );
}

function Account() {
  const user = session.value!.user;
  return (
    <Menu label={<Name whole={user.display_name ?? user.name} />}>
      <div>
        <label class="row apart">
          {t('app.theme')}
          <select value={theme.value} onClick={(event) => event.stopPropagation()} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
            {(['auto', 'light', 'dark'] as const).map((one) => <option key={one} value={one}>{t(`app.theme.${one}`)}</option>)}
          </select>
        </label>
      </div>
      <div>
        <label class="row apart">
          {t('app.language')}
          <select value={language.value} onClick={(event) => event.stopPropagation()} onChange={(event) => setLanguage(event.currentTarget.value)}>
            {languages.map((one) => <option key={one.code} value={one.code}>{one.name}</option>)}
          </select>
        </label>
      </div>
      {pages.some((page) => page.path === '/account') && <a href="/account">{t('app.account')}</a>}
      <button type="button" onClick={() => void logOut()}>{t('app.logout')}</button>
    </Menu>
  );
}

function Bar({ onHelp }: { onHelp: () => void }) {
  const search = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  useKeys([{ key: 's', words: t('keys.search'), run: () => search.current?.focus() }]);
  const hasSearch = pages.some((page) => page.path === '/search');
  return (
    <header class="app-bar">
      <Button look="quiet" class="icon menu-toggle" aria-label={t('app.menu')} aria-expanded={menuOpen.value} onClick={() => (menuOpen.value = !menuOpen.value)}>☰</Button>
      <a class="brand" href={home}><Mark />{t('app.name')}</a>
      {hasSearch ? (
        <form class="app-search" role="search" onSubmit={(event) => { event.preventDefault(); search.current?.blur(); go(`/search?q=${encodeURIComponent(text)}`); }}>
          <input ref={search} class="input" type="search" aria-label={t('app.search')} placeholder={t('app.search')} value={text}
            onInput={(event) => setText(event.currentTarget.value)} onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()} />
        </form>
      ) : <span class="app-search" />}
      {!live.value && <span role="status">{t('app.offline')}</span>}
      <Button look="quiet" class="wide-only" hint="?" onClick={onHelp}>{t('keys.title')}</Button>
      <Account />
    </header>
  );
}

function KeyboardHelp({ onClose }: { onClose: () => void }) {
  const seen = new Set<string>();
  const list = [...bindings.value].reverse().flat().filter((one) => !seen.has(one.key) && seen.add(one.key));
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl class="facts">
        {list.map((one) => [<dt key={one.key}><kbd>{one.key}</kbd></dt>, <dd key={`${one.key}-words`}>{one.words}</dd>])}
      </dl>
    </Dialog>
  );
}

/** Which right is missing, and who has it to give. */
function Forbidden({ permission }: { permission: string }) {
  return (
    <Empty title={t('say.denied')}>
      <p>{isRestricted() ? t('say.denied.whole') : t('say.denied.hint', { permission, words: word('scope', permission) })}</p>
      <a href={home}>{t('nav.incidents')}</a>
    </Empty>
  );
}

export function Shell() {
  const [help, setHelp] = useState(false);
  const here = path.value;
  useKeys([
    { key: '?', words: t('keys.help'), run: () => setHelp(true) },
    ...visible().filter((page) => page.nav?.key).map((page) => ({ key: page.nav!.key!, words: t('keys.goto', { where: t(page.nav!.words) }), run: () => go(page.path) })),
  ]);
  useEffect(() => {
    if (here === '/' || here === '/login' || here === '/setup' || here === '/sign-on/callback') go(home, { replace: true });
  }, [here]);
  const found = pages.map((page) => ({ page, params: match(page.path, here) })).find((one) => one.params);
  const title = found?.page.nav ? t(found.page.nav.words) : null;
  useEffect(() => {
    if (title) document.title = `${title} · Trawl`;
  }, [title]);
  return (
    <div class="app">
      <a class="skip" href="#main">{t('app.skip')}</a>
      <Bar onHelp={() => setHelp(true)} />
      <Navigation />
      <main class="app-main" id="main" tabIndex={-1}>
        {!found ? <Empty title={t('say.notfound')}><p>{t('say.notfound.hint')}</p><a href={home}>{t('nav.incidents')}</a></Empty>
          : found.page.permission && !may(found.page.permission) ? <Forbidden permission={found.page.permission} />
            : <found.page.show key={found.page.path} params={found.params!} />}
      </main>
      <Toasts />
      {help && <KeyboardHelp onClose={() => setHelp(false)} />}
      {ended.value && <LoginAgain />}
    </div>
  );
}
