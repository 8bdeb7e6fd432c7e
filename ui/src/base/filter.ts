// Filters are text: "is:open severity:>=major reporter:ann@corp.example invoice". The API reads them; here is how a word that was
// begun may go on, and what is wrong with one in the reader's language.
import { Problem } from './api';
import { t } from '../i18n';
import { filterQuery, saidOf } from './first';
import { dispositions, needReasons, severities } from './types';

export { filterQuery, saidOf };

export interface Wrong {
  part: string;
  why: string;
}

export interface Term {
  /** What it may say, when that can be listed. */
  values?: readonly string[];
  /** What it may say, in words. */
  hint: () => string;
  /** Another word for one that is there already: taken, not offered. */
  same?: boolean;
}

/** A row a word that can stand before a colon, or before ":>=". */
export type Terms = Record<string, Term>;

const oneOf = (values: readonly string[]): Term => ({ values, hint: () => t('filter.oneof', { values: values.join(', ') }) });
const number: Term = { hint: () => t('filter.number') };
const anyText: Term = { hint: () => t('filter.text') };
const mailAddress: Term = { hint: () => t('filter.address') };
const when: Term = { values: ['24h', '7d', '4w'], hint: () => t('filter.when') };
const yesNo = oneOf(['yes', 'no']);
const state = oneOf(['open', 'closed', 'all']);
const forms = ['rfc822', 'inline', 'add_in', 'arf', 'xarf', 'journal', 'bounce', 'dmarc', 'auto_reply', 'list', 'notice'];

export const incidentTerms: Terms = {
  is: state,
  severity: oneOf(severities),
  'severity:>=': oneOf(severities),
  verdict: oneOf(dispositions),
  disposition: { ...oneOf(dispositions), same: true },
  needs: oneOf(needReasons),
  assignee: { values: ['me', 'none'], hint: () => t('filter.assignee') },
  team: { hint: () => t('filter.team') },
  mine: oneOf(['yes']),
  reporter: mailAddress,
  recipient: mailAddress,
  url: anyText,
  after: when,
  before: when,
  closed: when,
  form: oneOf(forms),
  untrusted: yesNo,
  quarantined: yesNo,
  kind: oneOf(['reported_mail', 'not_a_report', 'unparsed']),
  source: number,
  message: anyText,
  sort: oneOf(['need', 'newest']),
};

export const alertTerms: Terms = { is: state, incident: number, source: number, report: number, recipient: mailAddress, message: anyText };

export const activityTerms: Terms = {
  actor: anyText,
  action: { hint: () => t('filter.action') },
  object: { hint: () => t('filter.object') },
  incident: number,
  after: when,
  since: { ...when, same: true },
  before: when,
  until: { ...when, same: true },
};

/** Why the API did not understand a filter, part by part; empty: that is not what went wrong. */
export function wrongOf(error: unknown, terms: Terms): Wrong[] {
  if (!(error instanceof Problem)) return [];
  return error.wrong.map(({ part, why }) => {
    const [, name = '', least = ''] = /^([a-z]+)(:>=)?/i.exec(part) ?? [];
    const hint = terms[name.toLowerCase() + least]?.hint() ?? terms[name.toLowerCase()]?.hint() ?? '';
    if (why === 'value' && hint) return { part, why: hint };
    if (why === 'empty') return { part, why: t('filter.empty', { hint }) };
    if (why === 'unknown') return { part, why: t('filter.unknown', { name }) };
    if (why === 'twice') return { part, why: t('filter.twice') };
    return { part, why: t(why === 'words' ? 'filter.words.none' : 'filter.wrong') };
  });
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
