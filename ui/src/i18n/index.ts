// Every text that the console shows. English is whole and gives the keys; another language that lacks one does not compile.
import { signal } from '@preact/signals';
import { en } from './en';

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
export type Values = Record<string, string | number>;

const catalogues: Record<string, Catalogue> = { en };
/** English comes with the console, for it stands in where a text is missing; each other language comes when it is wanted. */
export const languages: { code: string; name: string; load?: () => Promise<Catalogue> }[] = [
  { code: 'en', name: 'English' },
  { code: 'de', name: 'Deutsch', load: async () => (await import('./de')).de },
];
const known = (code: string) => languages.some((one) => one.code === code);

const remembered = () => {
  try {
    return localStorage.getItem('trawl.language');
  } catch {
    return null;
  }
};

async function fetchCatalogue(code: string): Promise<void> {
  const load = languages.find((one) => one.code === code)?.load;
  if (load) catalogues[code] ??= await load();
}

const localeOf = (code: string) => (navigator.language.startsWith(code) ? navigator.language : code);
const begun = [remembered() ?? '', navigator.language.slice(0, 2), 'en'].find(known)!;
export const language = signal(begun);
export const locale = signal(localeOf(begun));
document.documentElement.lang = begun;

/** When there are texts to show: without them English is shown. */
export const texts: Promise<void> = fetchCatalogue(begun).catch(() => undefined);

export async function setLanguage(code: string): Promise<void> {
  await fetchCatalogue(code);
  language.value = code;
  locale.value = localeOf(code);
  document.documentElement.lang = code;
  try {
    localStorage.setItem('trawl.language', code);
  } catch {
    // a private window: it lasts until it is closed
  }
}

const plurals = new Map<string, Intl.PluralRules>();

function pluralOf(n: number): string {
  let rules = plurals.get(language.value);
  if (!rules) plurals.set(language.value, (rules = new Intl.PluralRules(language.value)));
  return rules.select(n);
}

/** The text of @key with {name} filled in. "{n|one|many}" chooses by the number n; # stands for it. */
export function t(key: Key, values: Values = {}): string {
  const text = (catalogues[language.value] ?? en)[key] ?? en[key];
  return !text.includes('{') ? text : text.replace(/\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g, (_, name: string, one?: string, many?: string) => {
    const value = values[name];
    if (one === undefined || many === undefined) return String(value ?? '');
    const plural = pluralOf(Number(value));
    return (plural === 'one' ? one : many).replace('#', Number(value).toLocaleString(locale.value));
  });
}

/** A text for one of the API's words, or the word itself, made readable, when there is none. */
export function word(group: string, name: string): string {
  const key = `${group}.${name}`;
  return key in en ? t(key as Key) : name.replaceAll('_', ' ');
}
