// Logging in and out, and what the person may do.
import { signal } from '@preact/signals';
import { api, Problem, resume, session } from '../base/api';
import { forgetEarly } from '../base/first';
import type { Session } from '../base/types';

/** Why it is not known who is there, while the server does not say. */
export const unknown = signal<unknown>(null);

export async function loadSession(): Promise<void> {
  try {
    session.value = await api.get<Session>('/session');
    unknown.value = null;
  } catch (error) {
    forgetEarly(); // asked as nobody
    if (error instanceof Problem && error.status === 401) session.value = null;
    else unknown.value = error;
  }
}

/** Somebody has logged in where somebody was before: the same goes on where they were, another begins anew in the same place. */
export function comeBack(begun: Session): void {
  if (!session.value || session.value.user.id === begun.user.id) resume(begun);
  else location.reload();
}

/** Asks whether they are back already, by another window. */
export function lookBack(): void {
  api.get<Session>('/session').then(comeBack, () => undefined);
}

export async function logOut(): Promise<void> {
  const answer = await api.remove<{ logout_url: string } | undefined>('/session');
  session.value = null;
  if (answer) location.assign(answer.logout_url);
}

/** Sees what their teams do, not everything. */
export function isRestricted(): boolean {
  return session.value?.user.sight === 'teams';
}

/** What is about the whole installation is nothing for who sees a part of it, whatever their role. */
const ofTheWhole = ['admin', 'configure'];

export function may(permission: string): boolean {
  if (isRestricted() && ofTheWhole.includes(permission)) return false;
  return session.value?.permissions.includes(permission) ?? false;
}
