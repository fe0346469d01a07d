import type { Client } from 'pg';
import type { TaskState, WorkerState } from '../constants.ts';
import { openClient, settleDirectSession } from '../postgres/dedicated-client.ts';
import { pendingScripts } from '../postgres/migrate.ts';
import { toPulpError } from '../postgres/sql-error.ts';
import type { Retention } from './retention.ts';

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
    /** What fails of the leader's duties; null: nothing, or nobody leads. */
    readonly failing: LeaderFailure | null;
    /** How many tasks the leader could not bring forward and tries again apart from the others; a thousand: or more. */
    readonly held_back: number;
    /** Who has held a snapshot anywhere in the cluster for more than a minute, in words; null: nobody, or the schema is outdated. */
    readonly old_snapshot: string | null;
    /** Subscriptions that have stopped, or whose sending fails, with why; null: the schema is outdated. */
    readonly subscriptions: readonly SubscriptionTrouble[] | null;
    /** For how long tasks and months of the log are kept; null: the schema is outdated. */
    readonly retention: readonly Retention[] | null;
    /** The history that the log goes on in; null: the schema is outdated. */
    readonly era: EraFacts | null;
  };
}

/** A subscription that needs somebody. */
export interface SubscriptionTrouble {
  readonly name: string;
  readonly state: 'stopped' | 'failing';
  readonly why: string;
}

/** Which history of which cluster the log is in: see `docs/eras.md`. */
export interface EraFacts {
  /** The first part of the cursors of its events. */
  readonly number: number;
  /** How many histories the log went through, with this one. */
  readonly eras: number;
  readonly begun_at: Date;
  /** What showed that the history before it had ended; null: there was none before. */
  readonly reason: string | null;
  /** Whether the server does not tell which cluster or timeline it is: an end of this history shows by ids alone. */
  readonly by_ids_only: boolean;
}

/** What fails of the leader's duties. */
export interface LeaderFailure {
  readonly since: Date;
  /** When the duty that failed last did its work for the last time; null: not in this term. */
  readonly last_pass_at: Date | null;
  /** By duty, see `LEADER_DUTIES`. */
  readonly failures: Readonly<Record<string, { readonly code: string; readonly message: string }>>;
}

/**
 * Looks at a database; changes nothing in it.
 *
 * @throws PulpError DATABASE_UNREACHABLE, or MIGRATION_CHANGED or MIGRATION_UNKNOWN as `migrate`
 */
export async function readOverview(databaseUrl: string): Promise<Overview> {
  let client: Client | undefined;
  try {
    client = await openClient(databaseUrl, { applicationName: 'pulp status' });
    await settleDirectSession(client);
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
        ...(pending.length > 0 ? UNKNOWN_LEADER : await readLeader(client)),
        old_snapshot: pending.length > 0 ? null : await readOldSnapshot(client),
        subscriptions: pending.length > 0 ? null : await readTroubles(client),
        retention: pending.length > 0 ? null : await readRetention(client),
        era: pending.length > 0 ? null : await readEra(client),
      },
    };
  } catch (error) {
    throw toPulpError(error);
  } finally {
    await client?.end();
  }
}

async function readEra(client: Client): Promise<EraFacts | null> {
  const { rows } = await client.query<EraFacts>(
    `select number::double precision as number, row_number() over (order by number)::integer as eras, begun_at, reason,
       system_identifier is null or timeline is null as by_ids_only
     from pulp.era order by number desc limit 1`,
  );
  return rows[0] ?? null;
}

async function readOldSnapshot(client: Client): Promise<string | null> {
  const { rows } = await client.query<{ holder: string | null }>('select pulp.old_snapshot() as holder');
  return rows[0]?.holder ?? null;
}

async function readTroubles(client: Client): Promise<readonly SubscriptionTrouble[]> {
  const { rows } = await client.query<SubscriptionTrouble>(
    `select name, case state when 'stopped' then 'stopped' else 'failing' end as state, coalesce(last_error, reason, '') as why
     from pulp.subscription where state = 'stopped' or (state = 'active' and failing_since is not null) order by name limit 100`,
  );
  return rows;
}

async function readRetention(client: Client): Promise<readonly Retention[]> {
  const { rows } = await client.query<Retention>(
    `select kind, name, keep, actor, since from pulp.retention order by array_position('{all,queue,type,log}', kind), name limit 100`,
  );
  return rows;
}

async function countByState(client: Client, table: 'task' | 'worker'): Promise<Record<string, number>> {
  const { rows } = await client.query<{ state: string; count: number }>(
    `select state, count(*)::integer as count from pulp.${table} group by state order by state`,
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

/** An outdated schema may not have what there is to read. */
const UNKNOWN_LEADER = { leader: null, failing: null, held_back: 0 } as const;

type LeaderFacts = Pick<NonNullable<Overview['contents']>, 'leader' | 'failing' | 'held_back'>;

async function readLeader(client: Client): Promise<LeaderFacts> {
  const { rows } = await client.query<{
    worker: string | null;
    since: Date | null;
    last_pass_at: Date | null;
    failures: LeaderFailure['failures'] | null;
    held_back: number;
  }>(
    `select l.worker, l.failing_since as since, l.last_pass_at, l.failures,
       (select count(*)::integer from (select from pulp.held_back limit 1000) h) as held_back
     from (select) one left join pulp.leader l on l.backend_pid = pulp.leader_session()`,
  );
  const [seen] = rows;
  if (seen === undefined) return UNKNOWN_LEADER;
  const { worker: leader, since, last_pass_at, failures, held_back } = seen;
  const failing = since === null ? null : { since, last_pass_at, failures: failures ?? {} };
  return { leader, failing, held_back };
}
