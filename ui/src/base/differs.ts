// Two accounts of one message, field by field: what somebody says of it, and what was found.
import { defang, size, type Message, type Person } from './breakdown';
import { format } from './time';

export type Verdict = 'same' | 'differs' | 'unsaid';
export interface Word {
  text: string;
  only: boolean; // the other has no such word there
}
export interface Difference {
  field: 'from' | 'to' | 'cc' | 'date' | 'subject' | 'message_id' | 'text' | 'links' | 'attachments';
  verdict: Verdict;
  claimed: Word[];
  found: Word[];
}

const most = 3000; // words that are compared one by one; of a longer text only its beginning and end

/** The longest common subsequence, marked in both. */
export function compareWords(claimed: string[], found: string[]): [Word[], Word[]] {
  let start = 0;
  while (start < claimed.length && start < found.length && claimed[start] === found[start]) start++;
  let end = 0;
  while (end < claimed.length - start && end < found.length - start && claimed.at(-1 - end) === found.at(-1 - end)) end++;
  const [a, b] = [claimed.slice(start, claimed.length - end), found.slice(start, found.length - end)];
  const [keepA, keepB] = a.length * b.length > most * most ? [new Set<number>(), new Set<number>()] : common(a, b);
  const mark = (all: string[], middle: Set<number>, length: number): Word[] =>
    all.map((text, i) => ({ text, only: i >= start && i < start + length && !middle.has(i - start) }));
  return [mark(claimed, keepA, a.length), mark(found, keepB, b.length)];
}

function common(a: string[], b: string[]): [Set<number>, Set<number>] {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1]! + 1 : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
  const [keepA, keepB] = [new Set<number>(), new Set<number>()];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      keepA.add(i++);
      keepB.add(j++);
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
    else j++;
  }
  return [keepA, keepB];
}

/** Things in no order, as people see them; @key is what makes two the same. */
function compareSets<T>(field: Difference['field'], claimed: T[], found: T[], key: (one: T) => string, show: (one: T) => string): Difference {
  const [a, b] = [new Set(claimed.map(key)), new Set(found.map(key))];
  const mark = (all: T[], other: Set<string>): Word[] => all.map((one) => ({ text: show(one), only: !other.has(key(one)) }));
  const same = a.size === b.size && [...a].every((one) => b.has(one));
  const verdict = same ? 'same' : claimed.length === 0 ? 'unsaid' : 'differs';
  return { field, verdict, claimed: mark(claimed, b), found: mark(found, a) };
}

function compareTexts(field: Difference['field'], claimed: string | null | undefined, found: string | null | undefined, same: (a: string, b: string) => boolean = (a, b) => a === b): Difference {
  const [a, b] = [claimed ?? '', found ?? ''];
  const verdict = same(a, b) ? 'same' : a === '' ? 'unsaid' : 'differs';
  const words = (text: string) => text.split(/\s+/).filter(Boolean);
  const [left, right] = compareWords(words(a), words(b));
  const quiet = (list: Word[]) => list.map(({ text }) => ({ text, only: false }));
  return { field, verdict, claimed: verdict === 'same' ? quiet(left) : left, found: verdict === 'same' ? quiet(right) : right };
}

const person = (one: Person) => (one.address ?? one.name ?? '').toLowerCase();
const named = (one: Person) => (one.name ? `${one.name} <${one.address ?? '?'}>` : one.address ?? '?');
const minute = (at: string | null) => Math.floor(Date.parse(at ?? '') / 60000);
const when = (at: string | null) => at && format(at);
const plain = (text: string) => text.replace(/\s+/g, ' ').trim();
const body = (message: Message) => message.shown ?? message.text ?? '';
const without = (address: string) => address.replace(/[/#?]+$/, '');
const unique = <T,>(list: T[], key: (one: T) => string) => [...new Map(list.map((one) => [key(one), one])).values()];
const address = (link: { url: string; target: string | null }) => without(link.target ?? link.url);
const links = (message: Message) => unique((message.links ?? []).filter((link) => !link.attachment), address);
const file = (one: { sha256?: string; name: string | null }) => one.sha256 ?? one.name ?? '';

export function compare(claimed: Message, found: Message): Difference[] {
  const people = (field: 'from' | 'to' | 'cc') => compareSets(field, claimed[field], found[field], person, named);
  return [
    people('from'),
    people('to'),
    people('cc'),
    compareTexts('subject', claimed.subject, found.subject, (a, b) => plain(a) === plain(b)),
    compareTexts('date', when(claimed.date), when(found.date), () => claimed.date === found.date || minute(claimed.date) === minute(found.date)),
    compareTexts('message_id', claimed.message_id, found.message_id),
    compareTexts('text', body(claimed), body(found), (a, b) => plain(a) === plain(b)),
    compareSets('links', links(claimed), links(found), address, (one) => defang(one.target ?? one.url)),
    compareSets('attachments', claimed.attachments ?? [], found.attachments ?? [], file, (one) => `${one.name ?? '?'} (${size(one.size)})`),
  ];
}
