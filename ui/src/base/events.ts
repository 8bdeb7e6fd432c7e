// What happens, as it happens: the audit log as server-sent events. Pages say what they want to hear of; several events
// within a moment are told once.
import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { session } from './api';
import type { Activity } from './types';

/** Is the stream open? The bar says when it is not. */
export const live = signal(true);

type Listener = (events: Activity[]) => void;
const listeners = new Set<Listener>();
let waiting: Activity[] = [];
let timer = 0;
let stream: EventSource | null = null;

function tell(): void {
  const events = waiting;
  waiting = [];
  timer = 0;
  for (const listener of listeners) listener(events);
}

function hear(message: MessageEvent): void {
  waiting.push(JSON.parse(message.data) as Activity);
  if (!timer) timer = window.setTimeout(tell, 150);
}

/** Every action has an event name of its own; EventSource wants each by name. */
const actions = [
  'incident.open', 'incident.join', 'incident.reopen', 'incident.close', 'incident.update', 'incident.finding', 'incident.comment',
  'alert.raise', 'alert.update', 'alert.close', 'report.keep', 'report.read', 'report.gone',
  'response.request', 'response.run', 'response.done', 'response.plan', 'copy.stored', 'copy.moved', 'copy.restored', 'copy.end', 'copy.note',
  'source.create', 'source.update', 'source.delete', 'source.fail', 'source.recover', 'job.park', 'message'];

function open(): void {
  stream = new EventSource('/v1/events');
  stream.onopen = () => (live.value = true);
  stream.onerror = () => (live.value = false);
  for (const action of actions) stream.addEventListener(action, hear);
}

effect(() => {
  if (session.value && !stream) open();
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
