// Logging in and out, and what the person may do.
import { api, Problem, session } from '../base/api';
import type { Session } from '../base/types';

export async function loadSession(): Promise<void> {
  try {
    session.value = await api.get<Session>('/session');
  } catch (error) {
    if (!(error instanceof Problem) || error.status === 401) session.value = null;
    else setTimeout(loadSession, 2000);
  }
}

export async function logOut(): Promise<void> {
  const answer = await api.remove<{ logout_url: string } | undefined>('/session');
  session.value = null;
  if (answer) location.assign(answer.logout_url);
}

export function may(permission: string): boolean {
  return session.value?.permissions.includes(permission) ?? false;
}
