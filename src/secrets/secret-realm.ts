import type { DatabasePool } from 'slonik';
import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

const known = new WeakMap<DatabasePool, Promise<string>>();

/** To which database the secrets belong that are encrypted in this process. Asked once. */
export async function secretRealm(): Promise<string> {
  const pool = await getConnection();
  let realm = known.get(pool);
  if (realm === undefined) {
    realm = retrying(() =>
      pool.oneFirst(sql.type(z.object({ id: z.string() }))`select id from pulp.secret_realm`),
    );
    known.set(pool, realm);
    realm.catch(() => known.delete(pool));
  }
  return realm;
}
