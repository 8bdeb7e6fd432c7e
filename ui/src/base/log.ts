// The audit log, newest first. The API looks through it; a page may be short, or empty, and yet have a next one.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, type Query } from './api';
import { filterQuery } from './filter';
import type { Activity } from './types';

interface Part {
  items: Activity[];
  after: number;
  before?: number;
  first: number;
  last: number;
}

const SIZE = 500;
const SHOWN = 100; // rows that are fetched at a time
const STEPS = 20; // pages that are asked for before the reader is asked whether to go on

export interface Log {
  rows: (Activity & { id: number })[];
  /** How far back it was looked: of so many records, so many. */
  seen: number;
  /** The oldest that is there: what was before is past its period. */
  oldest: number;
  last: number;
  loading: boolean;
  complete: boolean;
  error: unknown;
  more: () => void;
  refresh: () => void;
  reload: () => void;
}

const asked = (filter: string): Query => (filter ? filterQuery(filter) : {});
const numbered = (record: Activity) => ({ ...record, id: record.seq });

export function useLog(filter: string): Log {
  const [, draw] = useState(0);
  // next: where the next page begins; 0: there is none
  const store = useRef({ rows: [] as Log['rows'], next: -1, oldest: 1, last: 0, loading: false, error: null as unknown, turn: 0 });
  const state = store.current;
  const show = () => draw((n) => n + 1);

  async function more(): Promise<void> {
    if (state.loading || state.next === 0) return;
    const { turn } = state;
    state.loading = true;
    show();
    try {
      const enough = state.rows.length + SHOWN;
      for (let step = 0; step < STEPS && state.next !== 0 && state.rows.length < enough; step++) {
        const part = await api.get<Part>('/activity', { before: Math.max(0, state.next), limit: SHOWN, ...asked(filter) });
        if (turn !== state.turn) return;
        state.error = null;
        if (state.next < 0) Object.assign(state, { last: part.last, oldest: part.first });
        state.rows = [...state.rows, ...part.items.map(numbered)];
        state.next = part.before ?? 0;
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
    if (state.next < 0) return;
    try {
      for (let more = true; more; ) {
        const part = await api.get<Part>('/activity', { after: state.last, limit: SIZE, ...asked(filter) });
        if (turn !== state.turn) return;
        const fresh = part.items.filter((record) => record.seq > state.last);
        state.rows = [...fresh.reverse().map(numbered), ...state.rows];
        more = part.after < part.last && part.after > state.last;
        state.last = Math.max(state.last, part.after);
        show();
      }
    } catch {
      // the next event tries again
    }
  }

  function reload(): void {
    Object.assign(state, { rows: [], next: -1, last: 0, loading: false, error: null, turn: state.turn + 1 });
    void more();
  }

  useEffect(() => {
    reload();
    return () => void state.turn++;
  }, [filter]);

  return {
    rows: state.rows, seen: state.next < 0 ? 0 : state.last - (state.next || state.oldest) + 1, oldest: state.oldest, last: state.last, loading: state.loading,
    complete: state.next === 0, error: state.error, more: () => void more(), refresh: () => void refresh(), reload };
}

/** What the filter lets through, oldest first, as JSON lines: the order in which the chain of hashes is verified. */
export async function exportLog(filter: string, progress: (done: number, of: number) => void, abort: AbortSignal): Promise<Blob> {
  const parts: string[] = [];
  for (let after = 0, last = 1, begin = 0; after < last; ) {
    const part = await api.get<Part>('/activity', { after, limit: SIZE, ...asked(filter) }, abort);
    parts.push(part.items.map((record) => `${JSON.stringify(record)}\n`).join(''));
    ({ after, last } = part);
    begin ||= part.first;
    progress(after - begin + 1, last - begin + 1);
  }
  return new Blob(parts, { type: 'application/x-ndjson' });
}
