// What the first page asks for, at once and all together. Most of it is on its way by then, for the page names it too (ui/build.mjs).

/** Asked for already, by address: who wants one takes it out. */
export const early = new Map<string, Promise<Response>>();

const here = new Map<string, unknown>();

async function takeAll(): Promise<void> {
  let late = false;
  const take = async (address: string): Promise<void> => {
    const answer = early.get(address)!;
    early.delete(address);
    const response = await answer;
    if (!response.ok) return;
    const body: unknown = await response.json();
    if (!late) here.set(address, body);
  };
  const waiting = Promise.allSettled([...early.keys()].filter((address) => address !== sessionAddress && address !== newestAddress).map(take));
  await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 500))]);
  late = true;
}

let settled: Promise<void> | undefined;

/** Waits for what the first page shows besides who is there, so that it is drawn once and nothing moves; but not for long. */
export const settle = (): Promise<void> => (settled ??= takeAll());

/** What has come before anybody asked: once, for it grows old. */
export function takeEarly<T>(address: string): T | undefined {
  const found = here.get(address) as T | undefined;
  here.delete(address);
  return found;
}

/** It was asked for by somebody else, or too long ago. */
export function forgetEarly(): void {
  early.clear();
  here.clear();
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  const text = search.toString();
  return `/v1${path}${text ? `?${text}` : ''}`;
}

let zone: string | undefined;

/** A list's query: days begin where the reader is. */
export const filterQuery = (filter: string): Query => ({ filter, zone: (zone ??= Intl.DateTimeFormat().resolvedOptions().timeZone) });

/** What a filter says for a term, or nothing. */
export const saidOf = (text: string, name: string): string | undefined => new RegExp(`(?:^|\\s)${name}:(\\S+)`, 'i').exec(text)?.[1];

const sessionAddress = address('/session');
/** Of the audit log: what happens after it is heard of, whenever the stream of events begins. */
export const newestAddress = address('/activity', { limit: 1 });

/** What the queue shows when nothing is asked of it, by pages of so many. */
export const firstFilter = 'is:open';
export const queueSize = 200;
export const queueQuery = (text: string): Query => ({ ...(text === firstFilter ? { filter: text } : filterQuery(text)), sort: saidOf(text, 'sort') ? null : 'need' });

/** How a list is asked for that is known to be short. */
export const shortList: Query = { limit: 500 };

function firstAnswers(): string[] {
  const { pathname, search } = location;
  if (['/setup', '/sign-on/callback', '/login'].includes(pathname)) return [sessionAddress];
  const queue = pathname === '/' || pathname === '/incidents' ? [
    address('/incidents', { ...queueQuery(new URLSearchParams(search).get('q') ?? firstFilter), limit: queueSize }), address('/views', shortList), address('/preferences')] : [];
  return [sessionAddress, ...queue, newestAddress];
}

export function askFirst(): void {
  for (const one of firstAnswers()) {
    const answer = fetch(one, { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
    answer.catch(() => undefined);
    early.set(one, answer);
  }
}
