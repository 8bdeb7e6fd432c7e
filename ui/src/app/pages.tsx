// The one table of pages: where each is, what it is called, who sees it, and what shows it.
import type { ComponentType } from 'preact';
import type { Key } from '../i18n';
import { About } from '../pages/about';
import { AccountPage } from '../pages/account';
import { Alerts } from '../pages/alerts';
import { Audit } from '../pages/audit';
import { Backups } from '../pages/backup';
import { Email, MailServerOne, NewMailServer } from '../pages/email';
import { Incident } from '../pages/incident';
import { Incidents } from '../pages/incidents';
import { ApiKeys } from '../pages/keys';
import { Roles } from '../pages/roles';
import { Reporters } from '../pages/reporters';
import { Reports } from '../pages/reports';
import { Search } from '../pages/search';
import { NewProvider, ProviderOne, SignOn } from '../pages/sign_on';
import { NewSource, Source } from '../pages/source';
import { Sources } from '../pages/sources';
import { Users } from '../pages/users';
import { Vips } from '../pages/vips';

export interface PageProps {
  params: Record<string, string>;
}

export interface PageEntry {
  path: string;
  /** In the navigation, under its section; pages without one are reached from others. */
  nav?: { section: 'work' | 'settings'; words: Key; key?: string };
  permission?: string;
  show: ComponentType<PageProps>;
}

/** The first that fits is shown: what is written out stands before what is filled in. */
export const pages: PageEntry[] = [
  { path: '/incidents', nav: { section: 'work', words: 'nav.incidents', key: 'g i' }, show: Incidents },
  { path: '/incidents/:id', show: Incident },
  { path: '/alerts', nav: { section: 'work', words: 'nav.alerts', key: 'g a' }, show: Alerts },
  { path: '/search', nav: { section: 'work', words: 'nav.search', key: 'g /' }, show: Search },
  { path: '/reporters', nav: { section: 'work', words: 'nav.reporters', key: 'g p' }, show: Reporters },
  { path: '/reports', nav: { section: 'work', words: 'nav.reports', key: 'g r' }, show: Reports },
  { path: '/sources', nav: { section: 'work', words: 'nav.sources', key: 'g s' }, show: Sources },
  { path: '/sources/new', permission: 'configure', show: NewSource },
  { path: '/sources/:id', show: Source },
  { path: '/settings/email', nav: { section: 'settings', words: 'nav.email', key: 'g e' }, permission: 'configure', show: Email },
  { path: '/settings/email/new', permission: 'configure', show: NewMailServer },
  { path: '/settings/email/:id', permission: 'configure', show: MailServerOne },
  { path: '/settings/users', nav: { section: 'settings', words: 'nav.users' }, permission: 'admin', show: Users },
  { path: '/settings/sign-on', nav: { section: 'settings', words: 'nav.signon' }, permission: 'admin', show: SignOn },
  { path: '/settings/sign-on/new', permission: 'admin', show: NewProvider },
  { path: '/settings/sign-on/:id', permission: 'admin', show: ProviderOne },
  { path: '/settings/roles', nav: { section: 'settings', words: 'nav.roles' }, permission: 'admin', show: Roles },
  { path: '/settings/vips', nav: { section: 'settings', words: 'nav.vips' }, permission: 'admin', show: Vips },
  { path: '/settings/keys', nav: { section: 'settings', words: 'nav.keys', key: 'g k' }, permission: 'admin', show: ApiKeys },
  { path: '/settings/audit', nav: { section: 'settings', words: 'nav.audit', key: 'g u' }, permission: 'read', show: Audit },
  { path: '/settings/backup', nav: { section: 'settings', words: 'nav.backup' }, permission: 'admin', show: Backups },
  { path: '/settings/about', nav: { section: 'settings', words: 'nav.about' }, show: About },
  { path: '/account', show: AccountPage },
];

export const home = '/incidents';
