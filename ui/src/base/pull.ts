// Pulling, and taking that back: a restore begins when the pull that it undoes is over.
import { api } from './api';
import type { Response } from './types';

export const pullOf = (incident: number, comment: string | null): Promise<Response> =>
  api.post<Response>(`/incidents/${incident}/responses`, { kind: 'quarantine', comment });

/** As it is when it is over. It is this window that waits: closing it meanwhile would leave undone what it waits for, so it asks first. */
async function whenOver(id: number): Promise<Response> {
  const leaving = (event: BeforeUnloadEvent) => event.preventDefault();
  addEventListener('beforeunload', leaving);
  try {
    for (let pause = 200; ; pause = Math.min(pause * 1.5, 3000)) {
      const response = await api.get<Response>(`/responses/${id}`);
      if (response.state === 'done' || response.state === 'cancelled') return response;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  } finally {
    removeEventListener('beforeunload', leaving);
  }
}

export async function undoPull({ id, incident_id }: Response): Promise<Response> {
  const pull = await whenOver(id);
  if (pull.state === 'done' && !pull.counts.success) return pull; // nothing was moved
  return api.post<Response>(`/incidents/${incident_id}/responses`, { kind: 'restore', of_response: id });
}
