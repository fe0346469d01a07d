import { computed, signal } from '@preact/signals';
import type { Right, UserRole } from '../../http/access/rights.ts';

/** Who uses the page, and what he may. */
export interface Me {
  readonly actor: string;
  readonly role: UserRole;
  readonly rights: readonly Right[];
  /** After how many seconds without a sign of life a worker is silent. */
  readonly worker_ttl: number;
}

/** Where the token is kept: as long as this tab is open, and for it alone. */
const KEY = 'pulp-token';

export const token = signal(sessionStorage.getItem(KEY) ?? '');

/** Undefined until the server has said it. */
export const me = signal<Me | undefined>(undefined);

/** Whether the server wants a token before it answers, or another one. */
export const needsToken = signal(false);

/** Whether the token can be forgotten: where nobody needs one, there is none. */
export const isSignedIn = computed(() => token.value !== '' && me.value !== undefined);

/** Keeps a token for as long as the tab is open. */
export function keepToken(text: string): void {
  token.value = text;
  if (text === '') sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, text);
}

/** Forgets the token and all that was shown by it. */
export function signOut(): void {
  keepToken('');
  location.assign('/');
}

/** Why somebody may not do something, with what it takes; undefined: he may. */
export function lacking(right: Right): string | undefined {
  const known = me.value;
  if (known === undefined || known.rights.includes(right)) return undefined;
  const role = right === 'operate' ? 'operator' : 'submitter or operator';
  return `You are ${known.role} ${known.actor}, who may not do this: it takes a token with the role ${role}.`;
}
