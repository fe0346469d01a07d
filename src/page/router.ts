import { computed, signal } from '@preact/signals';
import { queryText, type Query } from './api/client.ts';

const address = signal(new URL(location.href));

addEventListener('popstate', () => {
  address.value = new URL(location.href);
});

/** The path of the address. */
export const path = computed(() => address.value.pathname);

/** The query of the address. */
export const query = computed(() => address.value.searchParams);

/** Goes to another address of the page; `replace`: in place of this one. */
export function navigate(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  const isOtherView = new URL(location.href).pathname !== address.value.pathname;
  address.value = new URL(location.href);
  if (!replace && isOtherView) {
    scrollTo(0, 0);
    document.querySelector('main')?.focus({ preventScroll: true });
  }
}

/** Changes some parameters of the address; those that become undefined or empty go. */
export function setQuery(changes: Query, { replace = true } = {}): void {
  const now: Record<string, string | readonly string[]> = {};
  for (const name of query.value.keys()) now[name] = query.value.getAll(name);
  navigate(path.value + queryText({ ...now, ...changes }), { replace });
}

/** An address of the page that keeps the moment that is looked at. */
export function hrefTo(to: string, parameters: Query = {}): string {
  return to + queryText({ at: query.value.get('at') ?? undefined, ...parameters });
}

/** Follows links within the page without loading it anew. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const link = (event.target as Element).closest('a');
    if (!isPlain || event.defaultPrevented || link?.origin !== location.origin) return;
    if (link.target !== '' || link.hasAttribute('download') || link.pathname.startsWith('/api/')) return;
    if (link.hash !== '' && link.pathname === location.pathname) return;
    event.preventDefault();
    navigate(link.href);
  });
}
