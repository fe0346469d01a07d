import type { Client } from 'pg';
import type { TaskState, WorkerState } from '../constants.ts';
import { createClient } from '../postgres/dedicated-client.ts';
import { pendingScripts } from '../postgres/migrate.ts';
import { toPulpError } from '../postgres/sql-error.ts';

/** A database and what the engine has in it. */
export interface Overview {
  /** As Postgres gives it, such as `18.4`. */
  readonly version: string;
  readonly schema: {
    /** `absent`: the database has never been migrated. */
    readonly state: 'absent' | 'outdated' | 'current';
    /** What `migrate` would run. */
    readonly pending: readonly string[];
  };
  /** Undefined as long as the schema is absent. */
  readonly contents?: {
    readonly tasks: Partial<Record<TaskState, number>>;
    readonly workers: Partial<Record<WorkerState, number>>;
    /** The worker that leads as resource manager; null if none does, or the schema is outdated. */
    readonly leader: string | null;
  };
}

/**
 * Looks at a database; changes nothing in it.
 *
 * @throws PulpError DATABASE_UNREACHABLE, or MIGRATION_CHANGED or MIGRATION_UNKNOWN as `migrate`
 */
export async function readOverview(databaseUrl: string): Promise<Overview> {
  const client = createClient({ connectionString: databaseUrl, application_name: 'pulp status' });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; there: boolean }>(
      `select current_setting('server_version') as version, to_regclass('pulp.task') is not null as there`,
    );
    const { version = '', there = false } = rows[0] ?? {};
    const pending = await pendingScripts(client);
    if (!there) return { version, schema: { state: 'absent', pending } };
    return {
      version,
      schema: { state: pending.length > 0 ? 'outdated' : 'current', pending },
      contents: {
        tasks: await countByState(client, 'task'),
        workers: await countByState(client, 'worker'),
        leader: pending.length > 0 ? null : await readLeader(client),
      },
    };
  } catch (error) {
    throw toPulpError(error);
  } finally {
    await client.end();
  }
}

async function countByState(client: Client, table: 'task' | 'worker'): Promise<Record<string, number>> {
  const { rows } = await client.query<{ state: string; count: number }>(
    `select state, count(*)::integer as count from pulp.${table} group by state order by state`,
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

async function readLeader(client: Client): Promise<string | null> {
  const { rows } = await client.query<{ worker: string }>(
    'select worker from pulp.leader where backend_pid = pulp.leader_session()',
  );
  return rows[0]?.worker ?? null;
}
