// Data of a page: one thing, or a long list that arrives page by page and stays up to date without jumping.
import { useEffect, useRef, useState } from 'preact/hooks';
import { all, api, type Query } from './api';
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
  return useLoadBy((abort) => api.get<T>(path!, query, abort), path === null ? null : JSON.stringify([path, query]));
}

/** All rows of a list that is short. */
export function useAll<T>(path: string | null, query?: Query): Loaded<T[]> {
  return useLoadBy(() => all<T>(path!, query), path === null ? null : JSON.stringify([path, query, 'all']));
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

/** @wanted: what is asked for; another one starts anew. */
function useLoadBy<T>(ask: (abort: AbortSignal) => Promise<T>, wanted: string | null): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: unknown; loading: boolean }>({ key: '', loading: true });
  const [turn, setTurn] = useState(0);
  const key = wanted ?? '';
  useEffect(() => {
    if (wanted === null) return undefined;
    const abort = new AbortController();
    setState((old) => (old.key === key ? { ...old, loading: true } : { key, loading: true }));
    ask(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ key, data, loading: false }),
      (error) => !abort.signal.aborted && setState((old) => ({ key, data: old.key === key ? old.data : undefined, error, loading: false } as typeof old)),
    );
    return () => abort.abort();
  }, [key, turn]);
  const current = state.key === key;
  return {
    data: current ? state.data : undefined,
    error: current ? state.error : undefined,
    loading: !current || state.loading,
    reload: () => setTurn((n) => n + 1),
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
  /** Fetches what changed after a revision (or the last time), into the rows that are there. */
  refresh: (since?: number) => void;
  /** Changes a row here at once; the server's answer follows. */
  put: (row: T) => void;
}

interface Keyed {
  id: number;
  revision?: number;
}

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
  const show = () => draw((n) => n + 1);

  function begin(): void {
    state.abort.abort();
    Object.assign(state, { key, next: null, fresh: new Set<number>(), error: undefined, abort: new AbortController(), loading: false });
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
        if (first) state.since = Math.max(0, ...page.items.map((row) => row.revision ?? 0));
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
  async function changes(since: number, filters: Query, abort: AbortSignal): Promise<{ rows: T[]; since: number }> {
    const rows: T[] = [];
    let cursor: string | null = null;
    let mark = since;
    for (let i = 0; i < mostChanges; i++) {
      const page: Page<T> = await api.get<Page<T>>(path, { ...filters, limit: 500, changed_since: since, cursor }, abort);
      rows.push(...page.items);
      mark = Math.max(mark, page.changed_since ?? 0);
      cursor = page.next;
      if (!cursor) break;
    }
    return { rows, since: mark };
  }

  async function refresh(from?: number): Promise<void> {
    const { abort } = state;
    const since = from ?? state.since;
    try {
      const all = await changes(since, {}, abort.signal);
      if (abort.signal.aborted) return;
      const known = new Map(state.rows.map((row, i) => [row.id, i]));
      const rows = [...state.rows];
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
    } catch {
      // the next event tries again
    }
  }

  useEffect(() => {
    begin();
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
    refresh,
    put: (row) => {
      state.rows = state.rows.map((one) => (one.id === row.id ? row : one));
      show();
    },
  };
}
