// The one table of pages: where each is, what it is called, who sees it, and what shows it. The queue comes with the console; the
// others come after it, in two parts.
import type { ComponentType } from 'preact';
import type { Key } from '../i18n';
import { Incidents } from '../pages/incidents';
import { part } from './part';

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

const one = part(() => import('../pages/part_incident'));
const rest = part(() => import('../pages/part_rest'));

/**
 * The first that fits is shown: what is written out stands before what is filled in.
 *
 * A new page goes where its reader is already. What is decided about one incident, such as the ledger of a pull and who approves of
 * it, is below it (/incidents/:id/...); what waits for a person in all of them, such as approvals, and lists that are filled day by
 * day, are work; what a source does by itself, such as match conditions, is below that source (/sources/:id/...); what is set up
 * once, such as providers of intelligence, is a setting. A kind of mail server needs no page.
 */
export const pages: PageEntry[] = [
  { path: '/incidents', nav: { section: 'work', words: 'nav.incidents', key: 'g i' }, show: Incidents },
  { path: '/incidents/:id', show: one((part) => part.Incident) },
  { path: '/alerts', nav: { section: 'work', words: 'nav.alerts', key: 'g a' }, show: rest((part) => part.Alerts) },
  { path: '/search', nav: { section: 'work', words: 'nav.search', key: 'g /' }, show: rest((part) => part.Search) },
  { path: '/reporters', nav: { section: 'work', words: 'nav.reporters', key: 'g p' }, show: rest((part) => part.Reporters) },
  { path: '/reports', nav: { section: 'work', words: 'nav.reports', key: 'g r' }, show: rest((part) => part.Reports) },
  { path: '/sources', nav: { section: 'work', words: 'nav.sources', key: 'g s' }, show: rest((part) => part.Sources) },
  { path: '/sources/new', permission: 'configure', show: rest((part) => part.NewSource) },
  { path: '/sources/:id', show: rest((part) => part.Source) },
  { path: '/settings/email', nav: { section: 'settings', words: 'nav.email', key: 'g e' }, permission: 'configure', show: rest((part) => part.Email) },
  { path: '/settings/email/new', permission: 'configure', show: rest((part) => part.NewMailServer) },
  { path: '/settings/email/:id', permission: 'configure', show: rest((part) => part.MailServerOne) },
  { path: '/settings/users', nav: { section: 'settings', words: 'nav.users' }, permission: 'admin', show: rest((part) => part.Users) },
  { path: '/settings/teams', nav: { section: 'settings', words: 'nav.teams' }, permission: 'admin', show: rest((part) => part.Teams) },
  { path: '/settings/sign-on', nav: { section: 'settings', words: 'nav.signon' }, permission: 'admin', show: rest((part) => part.SignOn) },
  { path: '/settings/sign-on/new', permission: 'admin', show: rest((part) => part.NewProvider) },
  { path: '/settings/sign-on/:id', permission: 'admin', show: rest((part) => part.ProviderOne) },
  { path: '/settings/roles', nav: { section: 'settings', words: 'nav.roles' }, permission: 'admin', show: rest((part) => part.Roles) },
  { path: '/settings/vips', nav: { section: 'settings', words: 'nav.vips' }, permission: 'admin', show: rest((part) => part.Vips) },
  { path: '/settings/keys', nav: { section: 'settings', words: 'nav.keys', key: 'g k' }, permission: 'admin', show: rest((part) => part.ApiKeys) },
  { path: '/settings/retention', nav: { section: 'settings', words: 'nav.retention' }, permission: 'admin', show: rest((part) => part.Retention) },
  { path: '/settings/audit', nav: { section: 'settings', words: 'nav.audit', key: 'g u' }, permission: 'read', show: rest((part) => part.Audit) },
  { path: '/settings/backup', nav: { section: 'settings', words: 'nav.backup' }, permission: 'admin', show: rest((part) => part.Backups) },
  { path: '/settings/about', nav: { section: 'settings', words: 'nav.about' }, show: rest((part) => part.About) },
  { path: '/account', show: rest((part) => part.AccountPage) },
];

export const home = '/incidents';
