import type { Client } from 'pg';
import { PulpError } from '../errors.ts';
import { retrying } from '../postgres/retry.ts';
import { sqlFailure, toPulpError } from '../postgres/sql-error.ts';
import { RebuildBatches } from './rebuild-batches.ts';
import { verify, type Violation } from './verify.ts';
import { LogSlices } from '../queries/log-slices.ts';
import { openSessions, type LogSessions } from './verify-sessions.ts';

/** How often what a verification finds is put right: one thing that is wrong may stand in the way of another. */
const ROUNDS = 3;

/** What is rebuilt beside tasks, in this order, by `pulp.rebuild_…`. */
const SMALL_PARTS = [
  'workers',
  'leader',
  'pauses',
  'limits',
  'holds',
  'schedules',
  'groups',
  'subscriptions',
  'retention',
  'requirements',
] as const;

/** What was wrong about a task: its row, its claims, or a rule that the tables keep among themselves. */
export interface Finding {
  readonly id: string;
  readonly finding: string;
}

/** How far the fold of the whole log has come. */
export interface Progress {
  readonly events: number;
  /** How many there are, about. */
  readonly expectedEvents: number;
  readonly seconds: number;
}

export interface RebuildOptions {
  /** Says what is wrong and changes nothing. */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: Progress) => void;
}

/** What a rebuild did. */
export interface Rebuild {
  /** What was wrong: see `pulp.rebuild_slice`, and the rules of `pulp.verify_tables`. */
  readonly findings: readonly Finding[];
  /** Rows of workers, of the leadership, of pauses, of schedules, of groups, of subscriptions and of retention that were wrong. */
  readonly workers: number;
  /** How many numbers of tasks in a phase were wrong: see `pulp.task_flow`. */
  readonly counts: number;
  readonly events: number;
  /** For the fold of all events and for putting right what it found. */
  readonly seconds: number;
  /** The longest time that a batch of rows was locked. No table is, but a small one that was wrong, for a moment. */
  readonly longestLockMs: number;
  /** What is still wrong at the end. Empty for a dry run. */
  readonly violations: readonly Violation[];
}

/**
 * Makes tasks, claims, workers, the leadership and all work lists what the log says, while the system works: folds every stream,
 * and puts right the rows that differ, in batches under the locks that the engine itself takes. As each commit of the
 * engine leaves log and rows equal, a row that was right once stays so: there is no last lock on everything. It can be killed at
 * any time and run again: what was put right is right, and only compared. Ends with a verification.
 *
 * @throws PulpError NOT_ALLOWED unless the database's user owns the schema
 */
export async function rebuild(
  databaseUrl: string,
  { dryRun = false, onProgress }: RebuildOptions = {},
): Promise<Rebuild> {
  try {
    await using sessions = await openSessions(databaseUrl, 'pulp rebuild');
    const [first] = sessions.clients;
    await checkOwner(first);
    const started = performance.now();
    const batches = new RebuildBatches();

    const workers = await (dryRun ? countWrongParts(first) : rebuildParts(first));
    const { differing, events } = await rebuildSlices(sessions, batches, dryRun, (events, expectedEvents) => {
      onProgress?.({ events, expectedEvents, seconds: secondsSince(started) });
    });
    const listed = await first.query<Finding>(
      `select stream_id as id, rule as finding from pulp.verify_tables() where stream_kind = 'task'`,
    );
    const findings = [...differing, ...listed.rows];
    if (!dryRun) {
      await first.query('select pulp.rebuild_numbers()');
      await batches.putRight(
        first,
        listed.rows.map(({ id }) => id),
      );
      await batches.finish(first);
    }
    const counts = await rebuildCounts(first, dryRun);
    const seconds = secondsSince(started);
    const violations = dryRun ? [] : await verifyAndRepair(databaseUrl, first, batches);
    return { findings, workers, counts, events, seconds, longestLockMs: batches.longestLockMs, violations };
  } catch (error) {
    if (sqlFailure(error)?.code === '42501') throw notAllowed(error);
    throw toPulpError(error);
  }
}

/** Puts right what is small, each part by itself: a part that is right locks nothing, and one that waits for somebody keeps no other locked. */
async function rebuildParts(client: Client): Promise<number> {
  let all = 0;
  for (const part of SMALL_PARTS) {
    const { rows } = await client.query<{ wrong: number }>(`select pulp.rebuild_${part}()::integer as wrong`);
    all += rows[0]?.wrong ?? 0;
  }
  return all;
}

async function countWrongParts(client: Client): Promise<number> {
  const { rows } = await client.query<{ wrong: number }>(
    `select count(*)::integer as wrong
     from (select rule from pulp.verify_workers() union all select rule from pulp.verify_holds()) v
     where rule ~ '^(worker|leader|pause|limit|schedule|group|hold|subscription|retention)_as_folded$'
       or rule in ('claims_of_holds', 'requirement_known')`,
  );
  return rows[0]?.wrong ?? 0;
}

async function rebuildCounts(client: Client, dryRun: boolean): Promise<number> {
  const { rows } = await client.query<{ wrong: number }>(
    dryRun
      ? 'select count(*)::integer as wrong from pulp.verify_counts()'
      : 'select pulp.rebuild_task_counts()::integer as wrong',
  );
  return rows[0]?.wrong ?? 0;
}

async function rebuildSlices(
  { clients }: LogSessions,
  batches: RebuildBatches,
  dryRun: boolean,
  onProgress: (events: number, expectedEvents: number) => void,
): Promise<{ differing: readonly Finding[]; events: number }> {
  const log = await LogSlices.of(clients[0], clients.length);
  const differing: Finding[] = [];
  await Promise.all(
    clients.map(async (client) => {
      for (let part = log.next(); part !== undefined; part = log.next()) {
        const { slice, slices } = part;
        const { rows } = await retrying(() =>
          client.query<Finding & { restored: boolean }>('select * from pulp.rebuild_slice($1, $2, $3)', [
            slice,
            slices,
            dryRun,
          ]),
        );
        for (const { id, finding } of rows) differing.push({ id, finding });
        if (!dryRun) {
          const wrong = rows.filter(({ finding, restored }) => !restored && finding !== 'unreadable');
          await batches.putRight(
            client,
            wrong.map(({ id }) => id),
          );
        }
        onProgress(log.eventsGiven, log.events);
      }
    }),
  );
  return { differing, events: log.events };
}

/** Verifies, and puts right what is still wrong with tasks, as long as that makes it less. */
async function verifyAndRepair(
  databaseUrl: string,
  client: Client,
  batches: RebuildBatches,
): Promise<readonly Violation[]> {
  let { violations } = await verify(databaseUrl);
  for (let round = 1; violations.length > 0 && round < ROUNDS; round++) {
    const ids = violations.filter(isRepairable).map((violation) => violation.stream_id);
    if (ids.length === 0) break;
    await batches.putRight(client, ids);
    await batches.finish(client);
    await rebuildCounts(client, false);
    ({ violations } = await verify(databaseUrl));
  }
  return violations;
}

/** Whether it is a state that the log tells otherwise, and not the log itself. */
function isRepairable({ rule, stream_kind }: Violation): boolean {
  const rules = [
    'task_as_folded',
    'claims_as_folded',
    'claims_of_tasks',
    'forgotten_in_line',
    'jobs_of_tasks',
    'running_list',
    'awaits_others',
  ];
  return stream_kind === 'task' && rules.includes(rule);
}

async function checkOwner(client: Client): Promise<void> {
  const { rows } = await client.query<{ owns: boolean }>(
    `select pg_has_role(relowner, 'usage') as owns from pg_class where oid = 'pulp.task'::regclass`,
  );
  if (rows[0]?.owns !== true) throw notAllowed();
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}

function notAllowed(cause?: unknown): PulpError {
  return new PulpError('NOT_ALLOWED', 'only the owner of the schema pulp may rebuild its tables', {
    remedy: 'Set DATABASE_URL to the user that ran `pulp db migrate`.',
    cause,
  });
}
