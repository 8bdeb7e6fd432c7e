// Times in the reader's zone, with UTC on hover; how long ago in words.
import { signal } from '@preact/signals';
import { locale } from '../i18n';

/** One formatter a language: making one costs more than a row of a list. */
function oneEach<T>(make: (language: string) => T): () => T {
  const made = new Map<string, T>();
  return () => {
    const language = locale.value;
    if (!made.has(language)) made.set(language, make(language));
    return made.get(language)!;
  };
}
const moment = oneEach((language) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }));
const relative = oneEach((language) => new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' }));
const day = oneEach((language) => new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', timeZone: 'UTC' }));
const clock = oneEach((language) => new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' }));

export const format = (at: string): string => moment().format(new Date(at));

export function utc(at: string): string {
  return `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]];

/** Every ten seconds, while somebody looks: what says how long ago something was says it anew. */
const tick = signal(0);
setInterval(() => document.hidden || tick.value++, 10_000);

export function ago(at: string, now = Date.now()): string {
  tick.value; // read, so that who shows it is drawn again
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  for (const [unit, size] of units) if (Math.abs(seconds) >= size || unit === 'second') return relative().format(Math.trunc(seconds / size), unit);
  return '';
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** From the beginning of the reader's day so many days ago up to the end of today. */
export function period(days: number): { from: string; to: string; offset: number } {
  const from = new Date();
  from.setHours(0, 0, 0, 0);
  const to = new Date(from);
  from.setDate(from.getDate() - days + 1);
  to.setDate(to.getDate() + 1);
  return { from: from.toISOString(), to: to.toISOString(), offset: -new Date().getTimezoneOffset() };
}

export const dayName = (date: string) => day().format(new Date(`${date}T00:00:00Z`));

/** "14:05", in the reader's zone. */
export const clockTime = (at: string) => clock().format(new Date(at));
