// The one table of pages: where each is, what it is called, who sees it, and what shows it.
import type { ComponentType } from 'preact';
import type { Key } from '../i18n';
import { Incident } from '../pages/incident';
import { Incidents } from '../pages/incidents';

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

export const pages: PageEntry[] = [
  { path: '/incidents', nav: { section: 'work', words: 'nav.incidents', key: 'g i' }, show: Incidents },
  { path: '/incidents/:id', show: Incident },
];

export const home = '/incidents';
