// The audit log, newest first. Its numbers have no gaps, so going back is counting down; what is looked for is looked for
// here, since the log is only ever read in order.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from './api';
import type { Activity } from './types';

interface Part {
  items: Activity[];
  after: number;
  last: number;
}

const SIZE = 500;
const STEPS = 20; // pages that are looked through before the reader is asked whether to go on

export type Wanted = (record: Activity) => boolean;

export interface Log {
  rows: (Activity & { id: number })[];
  /** How far back it was looked: of so many records, so many. */
  seen: number;
  last: number;
  loading: boolean;
  complete: boolean;
  error: unknown;
  more: () => void;
  refresh: () => void;
  reload: () => void;
}

const numbered = (record: Activity) => ({ ...record, id: record.seq });

/** @key: names what is wanted; another one starts anew. */
export function useLog(key: string, wanted: Wanted): Log {
  const [, draw] = useState(0);
  const store = useRef({ rows: [] as Log['rows'], first: 0, last: 0, loading: false, error: null as unknown, turn: 0, wanted });
  const state = store.current;
  const show = () => draw((n) => n + 1);
  state.wanted = wanted;

  async function more(): Promise<void> {
    if (state.loading || (state.last > 0 && state.first <= 1)) return;
    const { turn } = state;
    Object.assign(state, { loading: true, error: null });
    show();
    try {
      if (!state.last) {
        const { last } = await api.get<Part>('/activity', { limit: 1 });
        if (turn !== state.turn) return;
        Object.assign(state, { last, first: last + 1 });
      }
      const enough = state.rows.length + 100;
      for (let step = 0; step < STEPS && state.first > 1 && state.rows.length < enough; step++) {
        const from = Math.max(0, state.first - 1 - SIZE);
        const part = await api.get<Part>('/activity', { after: from, limit: Math.min(SIZE, state.first - 1 - from) });
        if (turn !== state.turn) return;
        state.rows = [...state.rows, ...part.items.filter(state.wanted).reverse().map(numbered)];
        state.first = from + 1;
        show();
      }
    } catch (error) {
      if (turn === state.turn) state.error = error;
    }
    if (turn === state.turn) state.loading = false;
    show();
  }

  async function refresh(): Promise<void> {
    const { turn } = state;
    if (!state.last) return;
    try {
      for (;;) {
        const part = await api.get<Part>('/activity', { after: state.last, limit: SIZE });
        if (turn !== state.turn) return;
        const fresh = part.items.filter((record) => record.seq > state.last);
        if (!fresh.length) return;
        state.rows = [...fresh.filter(state.wanted).reverse().map(numbered), ...state.rows];
        state.last = fresh.at(-1)!.seq;
        show();
      }
    } catch {
      // the next event tries again
    }
  }

  function reload(): void {
    Object.assign(state, { rows: [], first: 0, last: 0, loading: false, error: null, turn: state.turn + 1 });
    void more();
  }

  useEffect(() => {
    reload();
    return () => void state.turn++;
  }, [key]);

  return {
    rows: state.rows, seen: state.last ? state.last - state.first + 1 : 0, last: state.last, loading: state.loading,
    complete: state.last > 0 && state.first <= 1, error: state.error, more: () => void more(), refresh: () => void refresh(), reload };
}

/** All of it, oldest first, as JSON lines: the order in which the chain of hashes is verified. */
export async function exportLog(wanted: Wanted, progress: (done: number, of: number) => void, abort: AbortSignal): Promise<Blob> {
  const parts: string[] = [];
  for (let after = 0, last = 1; after < last; ) {
    const part = await api.get<Part>('/activity', { after, limit: SIZE }, abort);
    if (!part.items.length) break;
    parts.push(part.items.filter(wanted).map((record) => `${JSON.stringify(record)}\n`).join(''));
    ({ after, last } = part);
    progress(after, last);
  }
  return new Blob(parts, { type: 'application/x-ndjson' });
}
