// Filters are text: "is:open severity:>=major reporter:ann@corp.example invoice". This turns it into what the API takes.
import type { Query } from './api';

export interface Parsed {
  query: Query;
  wrong: string[];
}

const word = /^[a-z_]+$/;
const severity = /^(?:informational|minor|moderate|major|critical)$/;

/** One row a word that can stand before a colon, or before ":>=": the API's parameter, and what it may say. */
export type Terms = Record<string, { parameter: string; take: (value: string, me: string) => string | null }>;

const number = (value: string) => (/^\d+$/.test(value) ? value : null);

const incidentTerms: Terms = {
  is: { parameter: 'state', take: (value) => (['open', 'closed', 'all'].includes(value) ? (value === 'all' ? '' : value) : null) },
  severity: { parameter: 'severity', take: (value) => (severity.test(value) ? value : null) },
  'severity:>=': { parameter: 'severity_min', take: (value) => (severity.test(value) ? value : null) },
  verdict: { parameter: 'disposition', take: (value) => (word.test(value) ? value : null) },
  disposition: { parameter: 'disposition', take: (value) => (word.test(value) ? value : null) },
  sort: { parameter: 'sort', take: (value) => (['need', 'newest'].includes(value) ? value : null) },
  kind: { parameter: 'kind', take: (value) => (word.test(value) ? value : null) },
  source: { parameter: 'source_id', take: number },
  assignee: { parameter: 'assignee', take: (value, me) => (value === 'me' ? me : value) },
  reporter: { parameter: 'reporter', take: (value) => value },
  recipient: { parameter: 'recipient', take: (value) => value },
  message: { parameter: 'message_id', take: (value) => value },
};

export const alertTerms: Terms = {
  is: incidentTerms.is!,
  incident: { parameter: 'incident_id', take: number },
  source: { parameter: 'source_id', take: number },
  report: { parameter: 'report_id', take: number },
  recipient: { parameter: 'recipient', take: (value) => (value.includes('@') ? value : null) },
  message: { parameter: 'message_id', take: (value) => value },
};

/** Words and "quoted words", each maybe after a term and a colon. Words alone are looked for in the title, where there is one. */
export function parseFilter(text: string, me: string, terms: Terms = incidentTerms): Parsed {
  const query: Query = {};
  const wrong: string[] = [];
  const title: string[] = [];
  for (const part of text.match(/[a-z]+:"[^"]*"|"[^"]*"|\S+/gi) ?? []) {
    const colon = part.indexOf(':');
    const name = part.slice(0, colon).toLowerCase();
    const least = part.startsWith('>=', colon + 1) && `${name}:>=` in terms;
    const term = colon > 0 ? terms[least ? `${name}:>=` : name] : undefined;
    if (!term && terms !== incidentTerms) wrong.push(part);
    if (!term) {
      title.push(part.replaceAll('"', ''));
      continue;
    }
    const value = term.take(part.slice(colon + (least ? 3 : 1)).replaceAll('"', ''), me);
    if (value === null) wrong.push(part);
    else query[term.parameter] = value;
  }
  if (title.length && terms === incidentTerms) query.q = title.join(' ');
  return { query, wrong };
}
