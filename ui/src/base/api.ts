// Calls of the API, and nothing else: what they mean is the pages' business.
import { signal } from '@preact/signals';
import type { Page, Session } from './types';

/** Who is logged in. undefined: not asked yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);

/** A refusal (RFC 9457): what happened, and what to do about it. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly remedy: string,
  ) {
    super(detail);
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface Options {
  query?: Query;
  body?: unknown;
  /** If-Match: the change happens only if nobody was quicker. */
  etag?: string;
  signal?: AbortSignal;
}

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  const text = search.toString();
  return `/v1${path}${text ? `?${text}` : ''}`;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = await response.json();
    return new Problem(response.status, body.code ?? 'internal', body.detail ?? response.statusText, body.remedy ?? '');
  } catch {
    return new Problem(response.status, 'internal', `The server answered ${response.status} ${response.statusText}`, '');
  }
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.etag) headers['If-Match'] = options.etag;
  if (method !== 'GET') {
    headers['X-CSRF-Token'] = session.value?.csrf ?? '';
    headers['Idempotency-Key'] = crypto.randomUUID();
  }
  let response: Response;
  try {
    response = await fetch(address(path, options.query), {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
      credentials: 'same-origin',
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, 'unreachable', 'Trawl does not answer', 'Is the daemon running? This page tries again by itself.');
  }
  if (response.ok) return response;
  if (response.status === 401 && session.value) session.value = null;
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
  remove: <T = void>(path: string, options: Options = {}) => call<T>('DELETE', path, options),
};

/** All rows of a list that is known to be short. */
export async function all<T>(path: string, query: Query = {}, most = 2000): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await api.get<Page<T>>(path, { limit: 500, ...query, cursor });
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
      throw new Problem(0, 'job', job.last_error ?? 'It ended without a result', '');
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

export function words(error: unknown): string {
  if (error instanceof Problem) return error.remedy ? `${error.detail}. ${error.remedy}` : error.detail;
  return error instanceof Error ? error.message : String(error);
}
