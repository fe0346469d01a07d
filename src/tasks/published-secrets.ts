import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import type { SecretPlace } from '../secrets/secret-places.ts';

/** Of task types without secrets nothing is published. */
const publishedPlaces = z
  .array(z.array(z.union([z.string(), z.number(), z.literal(true)])))
  .nullable()
  .transform((places) => places ?? []);

const known = new Map<string, Promise<readonly SecretPlace[]>>();

/** Where workers have published that a task type's secrets are. Each type is looked up once in a process. */
export function publishedSecretPlaces(type: string): Promise<readonly SecretPlace[]> {
  let places = known.get(type);
  if (places === undefined) {
    places = read(type);
    known.set(type, places);
    places.catch(() => known.delete(type));
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
    if (!(error instanceof PulpError) || error.code !== 'PLAIN_SECRET' || known.size === 0) throw error;
    known.clear();
    return enqueue();
  }
}

async function read(type: string): Promise<readonly SecretPlace[]> {
  const pool = await getConnection();
  const row = await retrying(() =>
    pool.maybeOne(sql.type(z.object({ secrets: publishedPlaces }))`
      select schema -> 'secrets' as secrets from pulp.task_type where name = ${type}`),
  );
  return row?.secrets ?? [];
}
