// Data of a page: one thing, or a long list that arrives page by page and stays up to date without jumping.
import { useEffect, useRef, useState } from 'preact/hooks';
import { address, all, api, Problem, type Query } from './api';
import { shortList, takeEarly } from './first';
import type { Page } from './types';

export interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  loading: boolean;
  reload: () => void;
  set: (data: T) => void;
}

/** Loads @path; null: nothing to load yet. What was there stays while it is loaded again. */
export function useLoad<T>(path: string | null, query?: Query): Loaded<T> {
  return useLoadBy((abort) => api.get<T>(path!, query, abort), path === null ? null : JSON.stringify([path, query]), () => takeEarly<T>(address(path!, query)));
}

/** All rows of a list that is short, at most @most. */
export function useAll<T>(path: string | null, query?: Query, most?: number): Loaded<T[]> {
  return useLoadBy(() => all<T>(path!, query, most), path === null ? null : JSON.stringify([path, query, 'all']), () => {
    const page = takeEarly<Page<T>>(address(path!, { ...shortList, ...query }));
    return page?.next ? undefined : page?.items;
  });
}

/** Calls @run once what is more urgent is done. */
export function whenIdle(run: () => void): void {
  if ('requestIdleCallback' in window) requestIdleCallback(run, { timeout: 1000 });
  else setTimeout(run, 300);
}

/** For what a page can do without at first: false until it has been drawn. */
export function useLater(): boolean {
  const [later, setLater] = useState(false);
  useEffect(() => whenIdle(() => setLater(true)), []);
  return later;
}

/** Calls @run every @seconds while the page is looked at. */
export function useEvery(seconds: number, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const timer = setInterval(() => document.hidden || latest.current(), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
}

/** @wanted: what is asked for; another one starts anew. Who reloads while it is loading gets it once more after that. */
function useLoadBy<T>(ask: (abort: AbortSignal) => Promise<T>, wanted: string | null, early: () => T | undefined): Loaded<T> {
  const key = wanted ?? '';
  const [state, setState] = useState<{ key: string; data?: T; error?: unknown; loading: boolean }>(() => {
    const data = wanted === null ? undefined : early();
    return data === undefined ? { key: '', loading: true } : { key, data, loading: false };
  });
  const isHere = useRef(state.loading ? '' : key); // what came early is not asked for again
  const latest = useRef({ ask, key, run: () => {} });
  Object.assign(latest.current, { ask, key });
  useEffect(() => {
    if (wanted === null) return undefined;
    const abort = new AbortController();
    let running = false;
    let again = false;
    async function run(): Promise<void> {
      if (running) {
        again = true;
        return;
      }
      running = true;
      again = false;
      setState((old) => (old.key === key ? { ...old, loading: true } : { key, loading: true }));
      try {
        const data = await latest.current.ask(abort.signal);
        if (!abort.signal.aborted) setState({ key, data, loading: false });
      } catch (error) {
        if (!abort.signal.aborted) setState((old) => ({ key, data: old.key === key ? old.data : undefined, error, loading: false } as typeof old));
      }
      running = false;
      if (again && !abort.signal.aborted) void run();
    }
    latest.current.run = () => void run();
    if (isHere.current !== key) void run();
    isHere.current = '';
    return () => {
      abort.abort();
      latest.current.run = () => {};
    };
  }, [key]);
  const current = state.key === key;
  return {
    data: current ? state.data : undefined,
    error: current ? state.error : undefined,
    loading: !current || state.loading,
    reload: () => latest.current.run(),
    set: (data) => setState({ key, data, loading: false }),
  };
}

export interface Rows<T> {
  rows: T[];
  error: unknown;
  loading: boolean;
  complete: boolean;
  /** Newer rows that are not shown yet, so that nothing moves under the reader's hand. */
  fresh: number;
  more: () => void;
  reload: () => void;
  /** After an error: asks once more for what did not come. */
  again: () => void;
  /** Fetches what changed after a revision (or the last time), into the rows that are there. */
  refresh: (since?: number) => void;
  /** Changes a row here at once; the server's answer follows. */
  put: (row: T) => void;
}

interface Keyed {
  id: number;
  revision?: number;
  incident_id?: number;
}

const newest = (page: Page<Keyed>) => Math.max(0, ...page.items.map((row) => row.revision ?? 0));
const mostChanges = 5; // pages of a feed: who was away for longer loads anew

/**
 * A list by pages of @size, with live changes by its "changed_since" feed. Rows stay where they are, whatever they say now, also
 * one that the filter would not let through any more. @order: negative when the first comes before the second in this list;
 * without it every row that is not here is a new one.
 */
export function useRows<T extends Keyed>(path: string, query: Query, size = 100, order?: (a: T, b: T) => number): Rows<T> {
  const key = JSON.stringify([path, query]);
  const [, draw] = useState(0);
  const store = useRef({ key: '', rows: [] as T[], next: null as string | null, since: 0, fresh: new Set<number>(), loading: false, error: undefined as unknown, abort: new AbortController() });
  const state = store.current;
  const early = useRef(false);
  if (!state.key) {
    const page = takeEarly<Page<T>>(address(path, { ...query, limit: size }));
    early.current = page !== undefined;
    if (page) Object.assign(state, { key, rows: page.items, next: page.next, since: newest(page) });
  }
  const show = () => draw((n) => n + 1);

  function begin(): void {
    state.abort.abort();
    // the same once more: why there was nothing stays until there is something
    const error = state.key === key ? state.error : undefined;
    Object.assign(state, { key, next: null, fresh: new Set<number>(), error, abort: new AbortController(), loading: false });
    fetchPage(true);
  }

  function fetchPage(first: boolean): void {
    if (state.loading || (!first && !state.next)) return;
    state.loading = true;
    show();
    const { abort } = state;
    api.get<Page<T>>(path, { ...query, limit: size, cursor: first ? null : state.next }, abort.signal).then(
      (page) => {
        if (abort.signal.aborted) return;
        state.rows = first ? page.items : [...state.rows, ...page.items];
        if (first) state.since = newest(page);
        Object.assign(state, { next: page.next, loading: false, error: undefined });
        show();
      },
      (error) => {
        if (abort.signal.aborted) return;
        Object.assign(state, { loading: false, error });
        show();
      },
    );
  }

  /** What changed after @since: all of it, or what the filters let through. */
  async function changes(since: number, filters: Query, abort: AbortSignal): Promise<{ rows: T[]; since: number; gone: Set<number> }> {
    const rows: T[] = [];
    const gone = new Set<number>();
    let cursor: string | null = null;
    let mark = since;
    for (let i = 0; i < mostChanges; i++) {
      const page: Page<T> = await api.get<Page<T>>(path, { ...filters, limit: 500, changed_since: since, cursor }, abort);
      rows.push(...page.items);
      page.gone_incidents?.forEach((id) => gone.add(id));
      mark = Math.max(mark, page.changed_since ?? 0);
      cursor = page.next;
      if (!cursor) break;
    }
    return { rows, since: mark, gone };
  }

  async function refresh(from?: number): Promise<void> {
    const { abort } = state;
    const since = from ?? state.since;
    try {
      const all = await changes(since, {}, abort.signal);
      if (abort.signal.aborted) return;
      const rows = state.rows.filter((row) => !all.gone.has(row.incident_id ?? row.id));
      const known = new Map(rows.map((row, i) => [row.id, i]));
      const strange = all.rows.some((row) => !known.has(row.id));
      for (const row of all.rows) if (known.has(row.id)) rows[known.get(row.id)!] = row;
      state.rows = rows;
      state.since = Math.max(state.since, all.since);
      show();
      const fitting = strange ? await changes(since, query, abort.signal) : { rows: [] };
      if (abort.signal.aborted) return;
      const last = state.rows[state.rows.length - 1];
      for (const row of fitting.rows)
        if (!known.has(row.id) && (!order || !state.next || !last || order(row, last) < 0)) state.fresh.add(row.id);
      show();
    } catch (error) {
      // what is seen was changed: all of it is read anew; otherwise the next event tries again
      if (error instanceof Problem && error.status === 409) begin();
    }
  }

  useEffect(() => {
    if (early.current) early.current = false;
    else begin();
    return () => state.abort.abort();
  }, [key]);

  const current = state.key === key;
  return {
    rows: current ? state.rows : [],
    error: state.error,
    loading: !current || state.loading,
    complete: current && !state.loading && state.next === null,
    fresh: state.fresh.size,
    more: () => fetchPage(false),
    reload: begin,
    again: () => (state.next ? fetchPage(false) : begin()),
    refresh,
    put: (row) => {
      state.rows = state.rows.map((one) => (one.id === row.id ? row : one));
      show();
    },
  };
}
