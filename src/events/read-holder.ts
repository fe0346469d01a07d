import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

const holderRow = z.object({
  pid: z.number().nullable(),
  since: z.date().nullable(),
  application: z.string().nullable(),
  username: z.string().nullable(),
  database: z.string().nullable(),
  prepared: z.string().nullable(),
});

/**
 * An open transaction that holds back what others have written since it began. It may be in another database of the server.
 * What the server does not tell us is null; `prepared` is the name of one that is prepared and has no process.
 */
export type Holder = Readonly<z.infer<typeof holderRow>>;

/** Finds the transaction that committed events are held back for; undefined if none is held back. */
export async function readHolder(): Promise<Holder | undefined> {
  const pool = await getConnection();
  const holder = await retrying(() =>
    pool.maybeOne(sql.type(holderRow)`
      select pid, since, application, username, database, prepared from pulp.event_holder()`),
  );
  return holder ?? undefined;
}
