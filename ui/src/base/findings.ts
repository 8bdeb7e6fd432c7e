// Where in a message a finding is to be shown.
import type { Attachment, Message } from './breakdown';
import type { Finding } from './types';

export type View = 'seen' | 'text' | 'links' | 'attachments' | 'headers';

/** @key names the place among those of its view; the first that has the finding is where one jumps to. */
export interface Place {
  view: View;
  key: string;
}

const fields = ['from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'subject', 'date', 'message-id', 'return-path', 'received'];
const isPath = (where: string) => /^\d+(?:\.\d+)*$/.test(where);

export const fieldPlace = (name: string): Place => ({ view: 'headers', key: `field:${name.toLowerCase()}` });
export const attachmentPlace = (one: Attachment): Place => ({ view: 'attachments', key: `attachment:${one.path ?? one.name ?? ''}` });
export const linkPlace = (index: number): Place => ({ view: 'links', key: `link:${index}` });
export const bodyPlace = (view: 'seen' | 'text'): Place => ({ view, key: 'body' });

function* allAttachments(list: Attachment[] = []): Generator<Attachment> {
  for (const one of list) {
    yield one;
    yield* allAttachments(one.parts);
  }
}

/** A finding of the message as a whole has none. */
export function placeOf({ id, where }: Finding, message: Message): Place | null {
  if (!where) return null;
  const name = where.toLowerCase();
  if (fields.includes(name) || message.headers?.some((header) => header.name.toLowerCase() === name)) return fieldPlace(name);
  if (/^(?:link|rewriter)_/.test(id)) {
    const link = message.links?.findIndex((one) => [one.host, one.domain].includes(where) || one.target?.includes(where) || (id === 'link_mismatch' && one.mismatch && one.url.includes(where))) ?? -1;
    if (link >= 0) return linkPlace(link);
  }
  for (const one of allAttachments(message.attachments)) if (one.path === where || one.name === where) return attachmentPlace(one);
  if (where === 'text/plain' || (isPath(where) && !message.html)) return bodyPlace('text');
  return bodyPlace(message.html ? 'seen' : 'text');
}

/** What was found at each place. */
export function findingsByPlace(message: Message): (place: Place) => Finding[] {
  const known = (message.findings ?? []).map((finding) => ({ finding, place: placeOf(finding, message) }));
  return ({ view, key }) => known.filter(({ place }) => place?.view === view && place.key === key).map(({ finding }) => finding);
}
