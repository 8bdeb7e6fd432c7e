// What a record of the audit log says in detail, in the reader's words.
import { t, word } from '../i18n';

/** The words that the values of a member are said in. */
const groups: Record<string, string> = { severity: 'severity', disposition: 'disposition', state: 'state', form: 'form', located: 'located', result: 'progress' };

/** What became of a copy; @kind: of the response. */
export const copyWord = (status: string, kind: unknown): string => (status === 'success' && kind === 'restore' ? t('incident.copy.back') : word('copy', status));

function said(name: string, value: unknown): string {
  if (value === null || value === '') return '–';
  if (typeof value === 'boolean') return t(value ? 'choice.yes' : 'choice.no');
  if (Array.isArray(value)) return value.map((one) => said(name, one)).join(', ');
  if (typeof value === 'object') return JSON.stringify(value);
  if (name === 'status') return copyWord(String(value), null);
  return groups[name] ? word(groups[name], String(value)) : String(value);
}

const kindWord = (kind: string) => (kind === 'quarantine' || kind === 'restore' ? word('response', kind) : word('kind', kind));

/** "severity: minor → major", or what else a record says; hashes are for the audit log. */
export function inDetail(detail: Record<string, unknown>): string {
  const { changes, counts, kind, sha256, ...rest } = detail as { changes?: Record<string, { from: unknown; to: unknown }>; counts?: Record<string, number> } & Record<string, unknown>;
  return [
    ...(typeof kind === 'string' ? [kindWord(kind)] : []),
    ...Object.entries(counts ?? {}).filter(([, n]) => n > 0).map(([status, n]) => `${n} ${copyWord(status, kind)}`),
    ...Object.entries(changes ?? {}).map(([name, { from, to }]) => `${word('member', name)}: ${said(name, from)} → ${said(name, to)}`),
    ...Object.entries(rest).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)).slice(0, 6).map(([name, value]) => `${word('member', name)}: ${said(name, value)}`),
  ].join(' · ').slice(0, 400);
}
