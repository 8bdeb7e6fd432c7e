// The console: who is there decides what is shown.
import { render } from 'preact';
import { loadSession } from './app/session';
import { Shell } from './app/shell';
import './app/theme';
import { session } from './base/api';
import { path } from './base/router';
import { Login, Setup } from './pages/login';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/components.css';

function Console() {
  if (path.value === '/setup') return <Setup />;
  if (session.value === undefined) return null;
  return session.value ? <Shell /> : <Login />;
}

void loadSession();
render(<Console />, document.getElementById('console')!);
