// The breakdown of a message, as far as the console shows it; docs/breakdown.schema.json describes it in full.
import type { Finding } from './types';

export interface Person {
  name: string | null;
  address: string | null;
}

export interface Link {
  url: string;
  written: string;
  host: string | null;
  domain: string | null;
  where: string;
  attachment?: string | null;
  text: string | null;
  target: string | null;
  mismatch: boolean;
}

export interface Attachment {
  name: string | null;
  path?: string;
  type?: string | null;
  detected?: string | null;
  size: number | null;
  md5?: string;
  sha1?: string;
  sha256?: string;
  parts?: Attachment[];
  message?: Message;
}

export interface Hop {
  from: string | null;
  client: string | null;
  address: string | null;
  by: string | null;
  with: string | null;
  tls?: string | null;
  date: string | null;
  delay: number | null;
  backwards: boolean;
}

export interface Message {
  message_id: string | null;
  date: string | null;
  subject: string | null;
  from: Person[];
  sender: Person | null;
  reply_to: Person[];
  to: Person[];
  cc: Person[];
  bcc: Person[];
  headers?: { name: string; value: string; raw?: string }[];
  received?: Hop[];
  authentication?: { summary?: string; from_domain?: string | null; entered?: { hop: number; address: string | null } | null } & Record<string, unknown>;
  text?: string | null;
  html?: string | null;
  shown?: string | null;
  links?: Link[];
  attachments?: Attachment[];
  findings?: Finding[];
}

export interface Breakdown {
  size: number;
  sha256: string;
  message: Message;
}

export function defang(url: string): string {
  return url.replace(/^http/i, 'hxxp').replace(/^ftp/i, 'fxp').replaceAll('.', '[.]').replace('@', '[@]');
}

export function size(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '–';
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return bytes < 1024 ** 3 ? `${(bytes / 1024 ** 2).toFixed(1)} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
