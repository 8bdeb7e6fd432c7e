// Where we are: the address bar is the only place that knows. Filters live in its query, so that every view can be sent
// to a colleague.
import { computed, signal } from '@preact/signals';

const here = () => ({ path: location.pathname, query: new URLSearchParams(location.search) });

export const place = signal(here());
export const path = computed(() => place.value.path);
export const query = computed(() => place.value.query);

addEventListener('popstate', () => (place.value = here()));

export function go(to: string, { replace = false } = {}): void {
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  const moved = location.pathname !== place.value.path;
  place.value = here();
  if (moved) document.querySelector('.app-main')?.scrollTo(0, 0);
}

/** Changes some members of the query; an empty value takes its member away. */
export function setQuery(changes: Record<string, string | null>, { replace = true } = {}): void {
  const next = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes))
    if (value) next.set(name, value);
    else next.delete(name);
  const text = next.toString();
  go(location.pathname + (text ? `?${text}` : ''), { replace });
}

/** The parts of a path like "/incidents/:id" that this place fills, or null when it is another one. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.replace(/\/+$/, '').split('/');
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? '';
    if (part.startsWith(':')) found[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return null;
  }
  return found;
}

// Links within the console change the place; a click with a modifier is the browser's.
document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a[href]');
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
  if (link.origin !== location.origin || link.pathname.startsWith('/v1/')) return;
  event.preventDefault();
  go(link.pathname + link.search);
});
