// The console: who is there decides what is shown.
import { render } from 'preact';
import { loadSession } from './app/session';
import { Shell } from './app/shell';
import './app/theme';
import { session } from './base/api';
import { path } from './base/router';
import { Back, Login, Setup } from './pages/login';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/components.css';

function Console() {
  if (path.value === '/setup') return <Setup />;
  if (path.value === '/sign-on/callback') return <Back />;
  if (session.value === undefined) return null;
  return session.value ? <Shell /> : <Login />;
}

// Whoever comes back from a provider is about to be somebody.
if (path.value !== '/sign-on/callback') void loadSession();
render(<Console />, document.getElementById('console')!);
