import { effect, signal } from '@preact/signals';

const KEY = 'pulp-theme';

type Theme = 'dark' | 'light';

/** What was chosen; undefined: as the system has it. */
const chosen = signal<Theme | undefined>((localStorage.getItem(KEY) as Theme | null) ?? undefined);

effect(() => {
  if (chosen.value === undefined) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen.value;
});

/** Changes between dark and light. */
export function toggleTheme(): void {
  const isDark = (chosen.value ?? systemTheme()) === 'dark';
  chosen.value = isDark ? 'light' : 'dark';
  localStorage.setItem(KEY, chosen.value);
}

function systemTheme(): Theme {
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}
