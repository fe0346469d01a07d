import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { askingOnce } from '../postgres/asking-once.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { perDatabase } from '../postgres/current-database.ts';
import { sql } from '../postgres/sql.ts';
import { unionOfPlaces, type SecretPlace } from '../secrets/secret-places.ts';

/** Of task types without secrets nothing is published. */
export const publishedPlaces = z
  .array(z.array(z.union([z.string(), z.number(), z.literal(true)])))
  .nullable()
  .transform((places) => places ?? []);

const state = perDatabase(() => ({
  known: new Map<string, Promise<readonly SecretPlace[]>>(),
  /** Whether a secret was refused that the code here does not mark: then what is published counts, too. */
  isCodeBehind: false,
}));

/**
 * Where in `{ args, kwargs }` a type's secrets are: where its code marks them, if that is at hand, else where any code did that
 * workers have published.
 */
export async function placesOfSecrets(
  type: string,
  marked: readonly SecretPlace[] | undefined,
): Promise<readonly SecretPlace[]> {
  if (marked !== undefined && !state().isCodeBehind) return marked;
  const published = await publishedSecretPlaces(type);
  return marked === undefined ? published : unionOfPlaces(marked, published);
}

/** Where any code that workers have published marks a type's secrets. Each type is looked up once in a process. */
export function publishedSecretPlaces(type: string): Promise<readonly SecretPlace[]> {
  let places = state().known.get(type);
  if (places === undefined) {
    places = read(type);
    state().known.set(type, places);
    places.catch(() => state().known.delete(type));
  }
  return places;
}

/**
 * Enqueues by what is known of the published secrets and, if a secret is refused because it came unencrypted, once more by
 * what is published now.
 */
export async function knowingSecrets<T>(enqueue: () => Promise<T>): Promise<T> {
  try {
    return await enqueue();
  } catch (error) {
    if (!learnsFrom(error)) throw error;
    return enqueue();
  }
}

/**
 * Whether a refusal says that what is known here of published secrets is behind. From then on what is published counts, and is read anew:
 * the same, asked for again, may be accepted.
 */
export function learnsFrom(error: unknown): boolean {
  if (!(error instanceof PulpError) || error.code !== 'PLAIN_SECRET') return false;
  if (state().isCodeBehind && state().known.size === 0) return false;
  state().isCodeBehind = true;
  state().known.clear();
  return true;
}

/** Takes note of the places that a database has published for a type, which the code here does not mark, or not all of them. */
export function learnPublished(type: string, published: readonly SecretPlace[]): void {
  state().isCodeBehind = true;
  state().known.set(type, Promise.resolve(published));
}

/**
 * Takes back the mark of a secret, which publications only add; for the owner of the schema.
 *
 * @param place as people write it: `kwargs.token`, `args.1`, `kwargs.keys.*`
 * @throws PulpError UNKNOWN_TASK_TYPE or INVALID_INPUT
 */
export async function unmarkSecret(type: string, place: string): Promise<void> {
  await askingOnce((pool) => pool.query(sql.unsafe`select pulp.unmark_secret(${type}, ${place})`));
  state().known.delete(type);
}

async function read(type: string): Promise<readonly SecretPlace[]> {
  const pool = await getConnection();
  const row = await retrying(() =>
    pool.maybeOne(sql.type(z.object({ secrets: publishedPlaces }))`
      select schema -> 'secrets' as secrets from pulp.task_type where name = ${type}`),
  );
  return row?.secrets ?? [];
}
