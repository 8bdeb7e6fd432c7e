// Who there is, by name: asked for once, for all pages.
import { signal } from '@preact/signals';
import { all } from './api';
import type { Person, Team } from './types';

export const people = signal<Person[]>([]);
export const teams = signal<Team[]>([]);
let asked = 0;

/** Sees to it that the names are there soon, and not older than a minute. */
export function askPeople(): void {
  if (Date.now() - asked < 60_000) return;
  asked = Date.now();
  all<Team>('/teams').then((found) => (teams.value = found), () => undefined);
  all<Person>('/people').then((found) => (people.value = found), () => (asked = 0));
}

/** What a person is called, by the name that they log in with. */
export function personName(name: string): string {
  return people.value.find((one) => one.name === name)?.display_name || name;
}

/** Who did something, as the audit log has it: "user:ann", "key:NAME", "worker". */
export function actorName(actor: string): string {
  return actor.startsWith('user:') ? personName(actor.slice(5)) : actor.replace(/^key:/, '');
}
