// Letters that are not what they seem: found in running text, so that they can be shown where they stand. The same as what the
// reader counts (src/mail/lookalikes.c).

export type Oddity = 'direction' | 'width' | 'alphabets' | 'styled';
export interface Piece {
  text: string;
  odd?: Oddity;
}

const latin = '\\p{Script=Latin}';
const lookalike = '\\p{Script=Greek}\\p{Script=Cyrillic}\\p{Script=Armenian}\\p{Script=Cherokee}';
const pattern = new RegExp([
  '(?<direction>[\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069])',
  `(?<width>(?<=${latin})[\\u00ad\\u034f\\u115f\\u180e\\u200b-\\u200d\\u2060\\u3164\\ufeff](?=${latin}))`,
  `(?<alphabets>(?=[\\p{L}]*[${lookalike}])(?=[\\p{L}]*${latin})(?<![\\p{L}])[\\p{L}]+)`,
  '(?<styled>[\\u{1d400}-\\u{1d7ff}]+)',
].join('|'), 'gu');

const most = 2000; // marks; a text that is made of them is shown as it is from there on

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  if (/^[\x20-\x7e\s]*$/.test(text)) return [{ text }];
  for (const match of text.matchAll(pattern)) {
    if (found.length >= 2 * most) break;
    if (match.index > at) found.push({ text: text.slice(at, match.index) });
    const odd = Object.entries(match.groups!).find(([, value]) => value !== undefined)![0] as Oddity;
    found.push({ text: match[0], odd });
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

/** "U+202E": what cannot be seen has no other face. */
export const codeOf = (text: string) => `U+${text.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
export const isInvisible = (odd: Oddity) => odd === 'direction' || odd === 'width';
