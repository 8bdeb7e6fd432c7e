// Filters are text: "is:open severity:>=major reporter:ann@corp.example invoice". This turns it into what the API takes, says what
// is wrong with it, and how a word that was begun may go on.
import type { Query } from './api';
import { t } from '../i18n';
import { dispositions, needReasons, severities } from './types';

export interface Wrong {
  part: string;
  why: string;
}

export interface Parsed {
  query: Query;
  wrong: Wrong[];
}

export interface Term {
  /** Of the API. */
  parameter: string;
  /** What the API takes for it; '': no filter; null: it may not say that. */
  take: (value: string, me: string) => string | null;
  /** What it may say, when that can be listed. */
  values?: readonly string[];
  /** What it may say, in words. */
  hint: () => string;
  /** Another word for one that is there already: taken, not offered. */
  same?: boolean;
}

/** A row a word that can stand before a colon, or before ":>=". */
export type Terms = Record<string, Term>;

const oneOf = (parameter: string, values: readonly string[], words: Record<string, string> = {}): Term => ({
  parameter, values, take: (value) => (values.includes(value) ? words[value] ?? value : null), hint: () => t('filter.oneof', { values: values.join(', ') }) });
const number: Omit<Term, 'parameter'> = { take: (value) => (/^\d+$/.test(value) ? value : null), hint: () => t('filter.number') };
const text: Omit<Term, 'parameter'> = { take: (value) => value || null, hint: () => t('filter.text') };
const mailAddress: Omit<Term, 'parameter'> = { take: (value) => (/^[^\s@]+@[^\s@]+$/.test(value) ? value : null), hint: () => t('filter.address') };

const steps: Record<string, number> = { h: 3600, d: 86400, w: 604800 };

/** "2026-11-01", "2026-11-01T08:00", or how long ago: "12h", "7d", "2w". As RFC 3339, or null. */
export function parseWhen(value: string, now = Date.now()): string | null {
  const ago = /^(\d{1,4})([hdw])$/.exec(value);
  if (ago) return new Date(now - Number(ago[1]) * steps[ago[2]!]! * 1000).toISOString();
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(value)) return null;
  const at = new Date(value.length === 10 ? `${value}T00:00` : value);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
// To the hour when it is so long ago: the list stays the same one while it is looked at.
const when = (parameter: string): Term => ({ parameter, values: ['24h', '7d', '4w'], take: (value) => parseWhen(value, Math.floor(Date.now() / 3_600_000) * 3_600_000), hint: () => t('filter.when') });
const yesNo = { yes: 'true', no: 'false' };
export const forms = ['rfc822', 'inline', 'add_in', 'arf', 'xarf', 'journal', 'bounce', 'dmarc', 'auto_reply', 'list', 'notice'];

const state = oneOf('state', ['open', 'closed', 'all'], { all: '' });
const incidentTerms: Terms = {
  is: state,
  severity: oneOf('severity', severities),
  'severity:>=': oneOf('severity_min', severities),
  verdict: oneOf('disposition', dispositions),
  disposition: { ...oneOf('disposition', dispositions), same: true },
  needs: oneOf('needs', needReasons),
  assignee: { parameter: 'assignee', values: ['me', 'none'], take: (value, me) => (value === 'me' ? me : value || null), hint: () => t('filter.assignee') },
  reporter: { parameter: 'reporter', ...mailAddress },
  recipient: { parameter: 'recipient', ...mailAddress },
  url: { parameter: 'url', ...text },
  after: when('opened_after'),
  before: when('opened_before'),
  closed: when('closed_after'),
  form: { parameter: 'form', values: forms, take: (value) => (/^[a-z0-9_-]+$/.test(value) ? value : null), hint: () => t('filter.oneof', { values: forms.join(', ') }) },
  untrusted: oneOf('trusted', ['yes', 'no'], { yes: 'false', no: 'true' }),
  quarantined: oneOf('quarantined', ['yes', 'no'], yesNo),
  kind: oneOf('kind', ['reported_mail', 'not_a_report', 'unparsed']),
  source: { parameter: 'source_id', ...number },
  message: { parameter: 'message_id', ...text },
  sort: oneOf('sort', ['need', 'newest']),
};
export { incidentTerms };

export const alertTerms: Terms = {
  is: state,
  incident: { parameter: 'incident_id', ...number },
  source: { parameter: 'source_id', ...number },
  report: { parameter: 'report_id', ...number },
  recipient: { parameter: 'recipient', ...mailAddress },
  message: { parameter: 'message_id', ...text },
};

/** Words and "quoted words", each maybe after a term and a colon. Words alone are looked for in the title, where there is one. */
export function parseFilter(text: string, me: string, terms: Terms = incidentTerms): Parsed {
  const query: Query = {};
  const wrong: Wrong[] = [];
  const title: string[] = [];
  const said = new Map<string, string>();
  for (const part of text.match(/[a-z]+:(?:>=)?"[^"]*"?|"[^"]*"?|\S+/gi) ?? []) {
    const colon = part.startsWith('"') ? -1 : part.indexOf(':');
    const name = part.slice(0, Math.max(colon, 0)).toLowerCase();
    const least = part.startsWith('>=', colon + 1) && `${name}:>=` in terms;
    const term = colon > 0 ? terms[least ? `${name}:>=` : name] : undefined;
    const written = part.slice(colon + (least ? 3 : 1)).replaceAll('"', '');
    if (!term) {
      if (terms !== incidentTerms) wrong.push({ part, why: t('filter.words.none') });
      else if (/^[a-z]+$/.test(name) && written && !written.startsWith('//')) wrong.push({ part, why: t('filter.unknown', { name }) });
      else title.push(part.replaceAll('"', ''));
      continue;
    }
    const value = term.take(written, me);
    if (value === null) wrong.push({ part, why: written ? term.hint() : t('filter.empty', { hint: term.hint() }) });
    else if (said.has(term.parameter) && said.get(term.parameter) !== part) wrong.push({ part, why: t('filter.twice', { other: said.get(term.parameter)! }) });
    else if (term.parameter === 'assignee' && written === 'none') query.unassigned = 'true';
    else query[term.parameter] = value;
    said.set(term.parameter, part);
  }
  if (title.length && terms === incidentTerms) query.q = title.join(' ');
  return { query, wrong };
}

export interface Suggestion {
  /** What stands there then. */
  text: string;
  /** What it says, in words. */
  more: string;
}

/** How the word before the caret may go on, and where it begins. @more: further values of a term. */
export function suggest(text: string, caret: number, terms: Terms = incidentTerms, more: Record<string, Suggestion[]> = {}): { from: number; some: Suggestion[] } {
  const from = text.slice(0, caret).search(/\S*$/);
  const begun = text.slice(from, caret).toLowerCase();
  const colon = begun.indexOf(':');
  const names = Object.keys(terms).filter((name) => !name.includes(':') && !terms[name]!.same);
  if (colon < 0) {
    const some = begun ? names.filter((name) => name.startsWith(begun)) : names.filter((name) => !new RegExp(`\\b${name}:`).test(text));
    return { from, some: some.map((name) => ({ text: `${name}:`, more: terms[name]!.hint() })) };
  }
  const name = begun.slice(0, colon);
  const least = begun.startsWith('>=', colon + 1);
  const term = terms[least ? `${name}:>=` : name];
  if (!term) return { from, some: [] };
  const head = `${name}:${least ? '>=' : ''}`;
  const value = begun.slice(head.length);
  const fits = (one: string) => one.toLowerCase().startsWith(value) && one.toLowerCase() !== value;
  return {
    from,
    some: [
      ...(term.values ?? []).filter(fits).map((one) => ({ text: `${head}${one}`, more: '' })),
      ...(more[name] ?? []).filter((one) => fits(one.text) || (value && one.more.toLowerCase().includes(value))).map((one) => ({ text: `${head}${one.text}`, more: one.more })),
      ...(!least && `${name}:>=` in terms && !value ? [{ text: `${name}:>=`, more: t('filter.least') }] : []),
    ],
  };
}
