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
  'incident.open', 'incident.join', 'incident.reopen', 'incident.close', 'incident.update', 'incident.finding', 'comment.add', 'comment.edit', 'comment.delete',
  'alert.raise', 'alert.update', 'alert.close', 'report.keep', 'report.read', 'report.gone',
  'response.requested', 'response.running', 'response.done', 'copy.moved', 'copy.restored', 'copy.ended', 'copy.not_attempted', 'copy.not_restored', 'copy.not_found',
  'copy.failed', 'copy.skipped',
  'source.create', 'source.update', 'source.delete', 'source.fail', 'source.recover', 'source.poll', 'source.test',
  'mail_server.create', 'mail_server.update', 'mail_server.delete', 'server.check', 'server.folders', 'api_key.create', 'api_key.revoke',
  'session.begin', 'session.end', 'user.create', 'user.lock', 'report.relocate', 'report.postprocess', 'report.download', 'original.download', 'original.read',
  'job.park', 'job.retry', 'job.cancel', 'message'];

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
