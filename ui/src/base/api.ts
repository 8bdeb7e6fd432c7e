// Calls of the API, and nothing else: what they mean is the pages' business.
import { signal } from '@preact/signals';
import { t, word } from '../i18n';
import { address, early, shortList, type Query } from './first';
import type { Page, Session } from './types';

export { address, type Query };

/** Who is logged in. undefined: not asked yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);

/** Is whoever was logged in to log in again? What they asked for meanwhile waits until resume() is called. */
export const ended = signal(false);
let resumed: (() => void)[] = [];

/** The same person is there again: what waits is asked for anew. */
export function resume(begun: Session): void {
  session.value = begun;
  ended.value = false;
  const waiting = resumed;
  resumed = [];
  for (const run of waiting) run();
}

function untilResumed(): Promise<void> {
  ended.value = true;
  return new Promise((resolve) => resumed.push(resolve));
}

/** What is asked for by whoever is not logged in yet. */
const isDoor = (path: string) => path === '/session' || path.startsWith('/sign-on');

/** A refusal (RFC 9457): what happened, and what to do about it. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly remedy: string,
    /** The parts of a filter that are not understood. */
    readonly wrong: { part: string; why: string }[] = [],
    /** In how many seconds it may be otherwise; null: asking again does not help. */
    readonly wait: number | null = null,
    /** For want of which it is denied. */
    readonly permission?: string,
  ) {
    super(detail);
  }
}

export interface Options {
  query?: Query;
  body?: unknown;
  /** If-Match: the change happens only if nobody was quicker. */
  etag?: string;
  signal?: AbortSignal;
  accept?: string;
}

/** Seconds: as the server says, or a while, where it may be better by itself. */
function waitOf(response: Response): number | null {
  const said = Number(response.headers.get('Retry-After'));
  if (said > 0) return Math.min(said, 600);
  return response.status >= 500 || response.status === 429 ? 10 : null;
}

async function problemOf(response: Response): Promise<Problem> {
  const wait = waitOf(response);
  try {
    const body = await response.json();
    return new Problem(response.status, body.code ?? 'internal', body.detail ?? response.statusText, body.remedy ?? '', body.wrong, wait, body.permission);
  } catch {
    return new Problem(response.status, 'internal', t('problem.answered', { status: `${response.status} ${response.statusText}`.trim() }), '', [], wait);
  }
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: options.accept ?? 'application/json' };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.etag) headers['If-Match'] = options.etag;
  if (method !== 'GET') {
    headers['X-CSRF-Token'] = session.value?.csrf ?? '';
    headers['Idempotency-Key'] = crypto.randomUUID();
  }
  let response: Response;
  const to = address(path, options.query);
  const asked = method === 'GET' ? early.get(to) : undefined;
  if (asked) early.delete(to);
  try {
    response = await (asked ?? fetch(to, {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
      credentials: 'same-origin',
    }));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, 'unreachable', 'Nothing came back', '', [], 3);
  }
  if (response.ok) return response;
  if (response.status === 401 && session.value && !isDoor(path)) {
    await untilResumed();
    return send(method, path, options);
  }
  throw await problemOf(response);
}

async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

export const api = {
  get: <T>(path: string, query?: Query, abort?: AbortSignal) => call<T>('GET', path, { query, signal: abort }),
  post: <T>(path: string, body: unknown = {}, options: Options = {}) => call<T>('POST', path, { ...options, body }),
  patch: <T>(path: string, body: unknown, options: Options = {}) => call<T>('PATCH', path, { ...options, body }),
  put: <T>(path: string, body: unknown, options: Options = {}) => call<T>('PUT', path, { ...options, body }),
  file: async (path: string, query: Query, accept: string) => (await send('GET', path, { query, accept })).blob(),
  remove: <T = void>(path: string, options: Options = {}) => call<T>('DELETE', path, options),
};

/** All rows of a list that is known to be short. */
export async function all<T>(path: string, query: Query = {}, most = 2000): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await api.get<Page<T>>(path, { ...shortList, ...query, cursor });
    rows.push(...page.items);
    cursor = page.next;
  } while (cursor && rows.length < most);
  return rows;
}

/** Waits for the answer of a job that somebody waits for: checks and tests. */
export async function jobResult<T>(id: number, abort?: AbortSignal): Promise<T> {
  for (let pause = 100; ; pause = Math.min(pause * 1.5, 1000)) {
    const job = await api.get<{ state: string; result: T | null; last_error: string | null }>(`/jobs/${id}`, {}, abort);
    if (job.state === 'done' && job.result !== null) return job.result;
    if (job.state === 'done' || job.state === 'parked' || job.state === 'cancelled')
      throw new Problem(-1, 'job', job.last_error ?? t('problem.job'), '');
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

export function words(error: unknown): string {
  if (error instanceof Problem) {
    const { permission } = error;
    if (permission) return t('say.denied.hint', { permission, words: word('scope', permission) });
    if (error.status === 0) return `${t('problem.unreachable')}. ${t('problem.unreachable.hint')}`;
    if (error.status === 429) return t('problem.throttled', { n: error.wait ?? 1 });
    return error.remedy ? `${error.detail}. ${error.remedy}` : error.detail;
  }
  return error instanceof Error ? error.message : String(error);
}
