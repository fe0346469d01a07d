import { PulpError } from '../errors.ts';
import { connectDedicated } from './dedicated-client.ts';
import { readStanding } from './schema-ground.ts';
import { toPulpError } from './sql-error.ts';

/** Every function that takes or gives back an advisory lock: from everybody to the engine's owner. */
const CLOSE_ADVISORY_LOCKS = `
  do $$
  declare
    owner constant regrole := (select nspowner from pg_namespace where nspname = 'pulp');
    lock regprocedure;
  begin
    for lock in
      select oid from pg_proc where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^pg_(try_)?advisory_'
    loop
      execute format('revoke execute on function %s from public', lock);
      execute format('grant execute on function %s to %s', lock, owner);
    end loop;
  end $$`;

/**
 * Makes the database one that serves the engine alone: nobody but the owner of its schemas takes advisory locks there any more,
 * by which the leader, granting, workers' names and resources could be held up. It takes a superuser, to whom these functions
 * belong.
 *
 * @throws PulpError NOT_ALLOWED
 */
export async function dedicate(databaseUrl: string): Promise<void> {
  if (!(await readStanding(databaseUrl)).isSuperuser) {
    throw new PulpError('NOT_ALLOWED', 'only a superuser may close advisory locks to others', {
      remedy:
        'Run `pulp db migrate --dedicated` once with the address of a superuser: it changes nothing else.',
    });
  }
  const client = await connectDedicated(databaseUrl, 'pulp migrate');
  try {
    await client.query(CLOSE_ADVISORY_LOCKS);
  } catch (error) {
    throw toPulpError(error);
  } finally {
    await client.end();
  }
}
