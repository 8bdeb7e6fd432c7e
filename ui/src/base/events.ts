// What happens, as it happens: the audit log as server-sent events. Pages say what they want to hear of; several events
// within a moment are told once.
import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { en } from '../i18n/en';
import { api, session } from './api';
import { early, newestAddress, settle } from './first';
import { whenIdle } from './load';
import type { Activity } from './types';

/** Is the stream open? The bar says when it is not. */
export const live = signal(true);

type Listener = (events: Activity[]) => void;
const listeners = new Set<Listener>();
let waiting: Activity[] = [];
let timer = 0;
let stream: EventSource | null = null;
let heard: number | undefined; // the number of the last event

function tell(): void {
  const events = waiting;
  waiting = [];
  timer = 0;
  for (const listener of listeners) listener(events);
}

function hear(message: MessageEvent): void {
  heard = Number(message.lastEventId) || heard;
  waiting.push(JSON.parse(message.data) as Activity);
  if (!timer) timer = window.setTimeout(tell, 150);
}

/** Every action has an event name of its own; EventSource wants each by name. Those that have words are all there are. */
const actions = Object.keys(en).filter((key) => key.startsWith('action.')).map((key) => key.slice('action.'.length));

/** Somebody has read something: nothing else changes by that. */
export const isLook = (event: Activity) => /\.(look|download|attachments)$/.test(event.action);

function open(after?: number): void {
  heard = after;
  stream = new EventSource(`/v1/events${after === undefined ? '' : `?after=${after}`}`);
  stream.onopen = () => (live.value = true);
  stream.onerror = fail;
  for (const action of actions) stream.addEventListener(action, hear);
}

/** The browser goes on trying where nobody answers; where it was refused, it has to be told to, and who is there may have to log in. */
function fail(): void {
  live.value = false;
  if (stream?.readyState !== EventSource.CLOSED) return;
  setTimeout(() => {
    const closed = stream;
    const again = () => session.value && stream === closed && open(heard);
    if (session.value) api.get('/account').then(again, fail);
  }, 3000);
}

/** From where the first page stands, when there is one that was asked for early: then there is time. */
async function begin(): Promise<void> {
  await settle();
  const newest = early.has(newestAddress) ? await api.get<{ last: number }>('/activity', { limit: 1 }).catch(() => undefined) : undefined;
  const start = () => session.value && !stream && open(newest?.last);
  if (newest) whenIdle(start);
  else start();
}

effect(() => {
  if (session.value && !stream) void begin();
  if (session.value === null && stream) {
    stream.close();
    stream = null;
  }
});

/** Calls @hear with the events that @wanted lets through, while the component is there. */
export function useEvents(wanted: (event: Activity) => boolean, hear: (events: Activity[]) => void): void {
  const latest = useRef({ wanted, hear });
  latest.current = { wanted, hear };
  useEffect(() => {
    const listener: Listener = (events) => {
      const some = events.filter((event) => latest.current.wanted(event));
      if (some.length) latest.current.hear(some);
    };
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
}
