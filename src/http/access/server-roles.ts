import { z } from 'zod';
import { PulpError } from '../../errors.ts';
import { getConnection } from '../../postgres/connection.ts';
import { retrying } from '../../postgres/retry.ts';
import { sql, textArray } from '../../postgres/sql.ts';
import { databaseRoles } from './rights.ts';

/** By which role a server says for whom it acts, and knows tokens. */
const SERVER_ROLE = 'pulp_server';

/**
 * Checks that the login of this process can act for all users.
 *
 * @throws PulpError NOT_ALLOWED with the roles that it lacks
 */
export async function checkServerRoles(): Promise<void> {
  const needed = [...databaseRoles(), SERVER_ROLE];
  const pool = await getConnection();
  const lacking = await retrying(() =>
    pool.anyFirst(sql.type(z.object({ role: z.string() }))`
      select role from unnest(${textArray(needed)}) as role
      where not coalesce(pg_has_role(session_user, (select oid from pg_roles where rolname = role), 'member'), false)`),
  );
  if (lacking.length === 0) return;
  throw new PulpError('NOT_ALLOWED', `the login of the server is no member of ${lacking.join(', ')}`, {
    remedy: `Run \`grant ${lacking.join(', ')} to LOGIN\` in the database, after \`pulp db migrate\`.`,
  });
}
