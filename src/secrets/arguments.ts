import { createHash } from 'node:crypto';
import { asEnvelope, open, seal } from './envelope.ts';
import { keyRing } from './key-ring.ts';
import { SECRET_SHOWN } from './secret.ts';
import type { SecretPlace } from './secret-places.ts';

/** The arguments of a task. */
export interface Arguments {
  readonly args: unknown;
  readonly kwargs: unknown;
}

/** The task whose arguments they are. */
export interface Owner {
  /** Its type's name. */
  readonly name: string;
  readonly id: string;
  /** The database in which it is, see `secretRealm`. */
  readonly realm: string;
}

/** What stands for a secret where the arguments beside it are told apart: no value can be that. */
const SECRET_PLACE = '\0';

type ConcretePath = readonly (string | number)[];

/**
 * Encrypts the secrets among a task's arguments. What is missing or null is none.
 *
 * @throws PulpError NO_SECRET_KEYS or BAD_SECRET_KEYS
 */
export function sealArguments(given: Arguments, places: readonly SecretPlace[], owner: Owner): Arguments {
  const others = digestOf(replace(given, places, () => SECRET_PLACE));
  const sealed = new Set<unknown>(); // two places may be the same: keys.* and keys.a
  return replace(given, places, (secret, path) => {
    if (sealed.has(secret)) return secret;
    const envelope = seal(secret, contextOf(owner, path, others), keyRing());
    sealed.add(envelope);
    return envelope;
  });
}

/**
 * Decrypts the secrets among a task's arguments. What is not encrypted, since its task was enqueued before its place was
 * marked, stays as it is.
 *
 * @throws PulpError NO_SECRET_KEYS, BAD_SECRET_KEYS, NO_SECRET_KEY or SECRET_UNREADABLE
 */
export function openArguments(stored: Arguments, places: readonly SecretPlace[], owner: Owner): Arguments {
  const others = digestOf({
    args: replaceEnvelopes(stored.args, SECRET_PLACE),
    kwargs: replaceEnvelopes(stored.kwargs, SECRET_PLACE),
  });
  return replace(stored, places, (value, path) => {
    const envelope = asEnvelope(value);
    return envelope === undefined ? value : open(envelope, contextOf(owner, path, others), keyRing());
  });
}

/**
 * Where else there are encrypted values: at places that other releases of the code have marked, see `pulp.unmark_secret`. Costs little
 * where there are none.
 */
export function strayEnvelopes(stored: Arguments, places: readonly SecretPlace[]): readonly SecretPlace[] {
  if (!holdsEnvelope(stored.args) && !holdsEnvelope(stored.kwargs)) return [];
  const { args, kwargs } = replace(stored, places, () => null);
  return [...envelopePaths(args, ['args']), ...envelopePaths(kwargs, ['kwargs'])];
}

function holdsEnvelope(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return asEnvelope(value) !== undefined || Object.values(value).some(holdsEnvelope);
}

function* envelopePaths(value: unknown, path: ConcretePath): Generator<ConcretePath> {
  if (typeof value !== 'object' || value === null) return;
  if (asEnvelope(value) !== undefined) yield path;
  else
    for (const [key, member] of Object.entries(value)) {
      yield* envelopePaths(member, [...path, Array.isArray(value) ? Number(key) : key]);
    }
}

/** What is at the places of secrets. */
export function secretsIn(plain: Arguments, places: readonly SecretPlace[]): readonly unknown[] {
  const secrets: unknown[] = [];
  replace(plain, places, (secret) => {
    secrets.push(secret);
    return secret;
  });
  return secrets;
}

/** A stored value as people see it: without what is encrypted. */
export function withoutEnvelopes(value: unknown): unknown {
  return replaceEnvelopes(value, SECRET_SHOWN);
}

function replaceEnvelopes(value: unknown, by: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (asEnvelope(value) !== undefined) return by;
  if (Array.isArray(value)) return value.map((member) => replaceEnvelopes(member, by));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, replaceEnvelopes(member, by)]),
  );
}

function contextOf({ name, id, realm }: Owner, path: ConcretePath, others: string) {
  return { type: name, task: id.toLowerCase(), path, realm, others };
}

/** A digest that is the same whatever way JSON goes: through a database that keeps the members of objects in an order of its own. */
function digestOf({ args, kwargs }: Arguments): string {
  return createHash('sha256')
    .update(JSON.stringify(ordered({ args, kwargs })))
    .digest('base64');
}

function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(ordered);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, ordered(member)]);
}

/** A copy in which what is at these places is replaced, unless it is missing or null. */
function replace(
  whole: Arguments,
  places: readonly SecretPlace[],
  by: (value: unknown, path: ConcretePath) => unknown,
): Arguments {
  return places.reduce<unknown>((value, place) => replaceAt(value, place, [], by), whole) as Arguments;
}

function replaceAt(
  value: unknown,
  [step, ...further]: SecretPlace,
  path: ConcretePath,
  by: (value: unknown, path: ConcretePath) => unknown,
): unknown {
  if (value === undefined || value === null) return value;
  if (step === undefined) return by(value, path);
  const inside = (member: unknown, key: string | number) => replaceAt(member, further, [...path, key], by);
  if (Array.isArray(value)) {
    return value.map((member: unknown, index) =>
      step === true || step === index ? inside(member, index) : member,
    );
  }
  if (typeof value !== 'object' || asEnvelope(value) !== undefined) return value; // a secret in a secret
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      step === true || step === key ? inside(member, key) : member,
    ]),
  );
}
