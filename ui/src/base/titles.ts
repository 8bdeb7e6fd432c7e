// The subjects of incidents, for rows that only know a number: each asked for once, when it comes into sight.
import { signal, type Signal } from '@preact/signals';
import { api } from './api';

const titles = new Map<number, Signal<string | null>>();

export function titleOf(incident: number): string | null {
  let title = titles.get(incident);
  if (!title) {
    const asked = signal<string | null>(null);
    title = asked;
    titles.set(incident, asked);
    api.get<{ title: string }>(`/incidents/${incident}`).then((whole) => (asked.value = whole.title), () => titles.delete(incident));
  }
  return title.value;
}
