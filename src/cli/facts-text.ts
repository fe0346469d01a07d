import { errorSummary } from './task-text.ts';

/** How long a fact is shown at most, in characters; --json shows them whole. */
const FACT_LENGTH = 60;

/** The facts of an event on one line, without those that say nothing. */
export function factsInShort(data: unknown): string {
  return Object.entries((data ?? {}) as Record<string, unknown>)
    .filter(([, value]) => !['null', '[]', '{}', '0', '""'].includes(JSON.stringify(value)))
    .map(([key, value]) => `${key}=${inShort(key === 'error' ? errorSummary(value) : value)}`)
    .join(' ');
}

function inShort(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > FACT_LENGTH ? `${text.slice(0, FACT_LENGTH)}…` : text;
}
