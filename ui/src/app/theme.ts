// Dark, light, or as the system is.
import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
const dark = matchMedia('(prefers-color-scheme: dark)');
const system = signal(dark.matches);
dark.addEventListener('change', () => (system.value = dark.matches));

function remembered(): Theme {
  try {
    return (localStorage.getItem('trawl.theme') as Theme | null) ?? 'auto';
  } catch {
    return 'auto';
  }
}

export const theme = signal<Theme>(remembered());

effect(() => {
  const resolved = theme.value === 'auto' ? (system.value ? 'dark' : 'light') : theme.value;
  document.documentElement.dataset.theme = resolved;
  try {
    localStorage.setItem('trawl.theme', theme.value);
  } catch {
    // a private window
  }
});
