import type { Client } from 'pg';
import { PulpError } from '../errors.ts';
import { connectDedicated } from './dedicated-client.ts';
import { toPulpError } from './sql-error.ts';

interface Ground {
  readonly schema: string;
  readonly owner: string;
  readonly user: string;
  /** The migrating user owns it. */
  readonly isOurs: boolean;
  readonly isKnown: boolean;
  readonly isEmpty: boolean;
  /** Others who may make things in it. */
  readonly makers: readonly string[];
  /** Things in it of other owners, the first few. */
  readonly strangers: readonly string[];
}

/** What the catalogs alone say of the schemas: nothing in them is read or called, for it may be somebody else's. */
const GROUND = `
  select n.nspname as schema, pg_get_userbyid(n.nspowner) as owner, current_user::text as user,
    n.nspowner = (select oid from pg_roles where rolname = current_user) as "isOurs",
    exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'migration' and c.relkind = 'r') as "isKnown",
    not exists (select from pg_depend d where d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid) as "isEmpty",
    array(
      select case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee)::text end
      from aclexplode(n.nspacl) a where a.privilege_type = 'CREATE' and a.grantee <> n.nspowner) as makers,
    array(
      select name from (
        select c.oid::regclass::text as name from pg_class c where c.relnamespace = n.oid and c.relowner <> n.nspowner
        union all
        select p.oid::regprocedure::text from pg_proc p where p.pronamespace = n.oid and p.proowner <> n.nspowner
        union all
        select t.oid::regtype::text from pg_type t where t.typnamespace = n.oid and t.typowner <> n.nspowner
      ) x order by name limit 3) as strangers
  from pg_namespace n where n.nspname = any ($1) order by n.nspname desc`;

/**
 * Refuses to build on ground that somebody else prepared: whoever owns a schema, or a thing in it, can replace what the engine's
 * functions call, and these run with the rights of who made them. Schemas that are not there yet are fine, and so is an empty one of
 * this user's.
 *
 * @throws PulpError SCHEMA_NOT_OURS, SCHEMA_TAKEN
 */
export async function refuseStrangersGround(client: Client, schemas: readonly string[]): Promise<void> {
  const { rows } = await client.query<Ground>(GROUND, [schemas]);
  for (const { schema, owner, user, isOurs, isKnown, isEmpty, makers, strangers } of rows) {
    if (!isOurs) {
      throw notOurs(
        `the schema ${schema} belongs to ${owner}, and this user is ${user}`,
        `Migrate as ${owner} (or with options=-c%20role=${owner} in the address). If nobody knows who made it, look at what is in it before anything else.`,
      );
    }
    if (schema === 'pulp' && !isKnown && !isEmpty) {
      throw new PulpError('SCHEMA_TAKEN', 'the schema pulp has something in it that no migration made', {
        remedy: 'Look at what it is; drop it or move it away, then migrate.',
        exitCode: 2,
      });
    }
    if (makers.length > 0) {
      throw notOurs(
        `others may make things in the schema ${schema}: ${makers.join(', ')}`,
        `Take that back: revoke create on schema ${schema} from ${makers.join(', ')}`,
      );
    }
    if (strangers.length > 0) {
      throw notOurs(
        `in the schema ${schema} there is what does not belong to ${owner}: ${strangers.join(', ')}`,
        'Drop it; or, if you know who made it, alter its owner.',
      );
    }
  }
}

/** What the user of an address is to a database. */
export interface Standing {
  readonly isSuperuser: boolean;
  /** The schema `pulp` is there. */
  readonly isMade: boolean;
  /** The user owns it. */
  readonly isOwner: boolean;
}

/** Tells what the user of an address is to its database. */
export async function readStanding(databaseUrl: string): Promise<Standing> {
  const client = await connectDedicated(databaseUrl, 'pulp migrate');
  try {
    const { rows } = await client.query<Standing>(
      `select r.rolsuper as "isSuperuser", n.oid is not null as "isMade", coalesce(n.nspowner = r.oid, false) as "isOwner"
       from pg_roles r left join pg_namespace n on n.nspname = 'pulp' where r.rolname = current_user`,
    );
    const [standing] = rows;
    if (standing === undefined) throw new Error('the user of this connection is none of the roles');
    return standing;
  } catch (error) {
    throw toPulpError(error);
  } finally {
    await client.end();
  }
}

function notOurs(message: string, remedy: string): PulpError {
  return new PulpError('SCHEMA_NOT_OURS', message, { remedy, exitCode: 2 });
}
