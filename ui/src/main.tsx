// The console: who is there decides what is shown.
import { render } from 'preact';
import { home, pages } from './app/pages';
import { begin, beginAll } from './app/part';
import { loadSession, unknown } from './app/session';
import { Shell } from './app/shell';
import './app/theme';
import { session } from './base/api';
import { askFirst, settle } from './base/first';
import { go, match, path } from './base/router';
import { Failed } from './components/basics';
import { texts } from './i18n';
import { Back, Login, Setup } from './pages/login';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/components.css';

function Console() {
  if (path.value === '/setup') return <Setup />;
  if (path.value === '/sign-on/callback') return <Back />;
  if (session.value === undefined)
    return unknown.value ? <main class="lone"><Failed error={unknown.value} retry={() => void loadSession()} /></main> : null;
  return session.value ? <Shell /> : <Login />;
}

askFirst();
// Its part is on the way while who is there is asked. Whoever comes back from a provider is about to be somebody.
begin(pages.find((page) => match(page.path, path.value))?.show);
const known = path.value === '/sign-on/callback' ? undefined : loadSession();
const isDoor = path.value === '/setup' || path.value === '/sign-on/callback';
void Promise.all([texts, isDoor || Promise.all([known, settle()])]).then(() => {
  if (session.value && path.value === '/') go(home, { replace: true });
  render(<Console />, document.getElementById('console')!);
});
// The other parts come before anybody asks for one, but not while the first page is being made.
addEventListener('load', () => setTimeout(beginAll, 3000));
