// Every text that the console shows. English is whole and gives the keys; another language that lacks one does not compile.
import { signal } from '@preact/signals';
import { de } from './de';
import { en } from './en';

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
export type Values = Record<string, string | number>;

const catalogues: Record<string, Catalogue> = { en, de };
export const languages = [
  { code: 'en', name: 'English' },
  { code: 'de', name: 'Deutsch' },
];

const remembered = () => {
  try {
    return localStorage.getItem('trawl.language');
  } catch {
    return null;
  }
};

export const language = signal(remembered() ?? (navigator.language.slice(0, 2) in catalogues ? navigator.language.slice(0, 2) : 'en'));
export const locale = signal(navigator.language.startsWith(language.value) ? navigator.language : language.value);

export function setLanguage(code: string): void {
  language.value = code;
  locale.value = navigator.language.startsWith(code) ? navigator.language : code;
  document.documentElement.lang = code;
  try {
    localStorage.setItem('trawl.language', code);
  } catch {
    // a private window: it lasts until it is closed
  }
}
document.documentElement.lang = language.value;

/** The text of @key with {name} filled in. "{n|one|many}" chooses by the number n; # stands for it. */
export function t(key: Key, values: Values = {}): string {
  const text = (catalogues[language.value] ?? en)[key] ?? en[key];
  return text.replace(/\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g, (_, name: string, one?: string, many?: string) => {
    const value = values[name];
    if (one === undefined || many === undefined) return String(value ?? '');
    const plural = new Intl.PluralRules(language.value).select(Number(value));
    return (plural === 'one' ? one : many).replace('#', Number(value).toLocaleString(locale.value));
  });
}

/** A text for one of the API's words, or the word itself, made readable, when there is none. */
export function word(group: string, name: string): string {
  const key = `${group}.${name}`;
  return key in en ? t(key as Key) : name.replaceAll('_', ' ');
}
