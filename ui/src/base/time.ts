// Times in the reader's zone, with UTC on hover; how long ago in words.
import { locale } from '../i18n';

export function format(at: string): string {
  return new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
}

export function utc(at: string): string {
  return `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]];

export function ago(at: string, now = Date.now()): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  const words = new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto', style: 'short' });
  for (const [unit, size] of units) if (Math.abs(seconds) >= size || unit === 'second') return words.format(Math.trunc(seconds / size), unit);
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

export const dayName = (day: string) => new Intl.DateTimeFormat(locale.value, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`));

/** "14:05", in the reader's zone. */
export const clockTime = (at: string) => new Intl.DateTimeFormat(locale.value, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(at));
