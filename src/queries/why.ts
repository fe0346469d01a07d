import { z } from 'zod';
import { PAUSE_KINDS, TASK_RETRIABLE_STATES, TASK_STATES } from '../constants.ts';
import { MissingResourceError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

const time = z.string().transform((written) => new Date(written));
const state = z.enum(TASK_STATES);

/** Of a hold instead of a task: whose it is, what for, and when it ends by itself. */
const hold = z
  .object({ actor: z.string().nullable(), reason: z.string().nullable(), until: time.nullable() })
  .nullable();

const holder = z.object({
  id: z.string(),
  name: z.string(),
  state,
  mode: z.string(),
  granted_at: time,
  worker: z.string().nullable(),
  /** Null as long as it waits for a worker. */
  started_at: time.nullable(),
  hold,
  /** Whether it enqueued this task, itself or through others. */
  is_ancestor: z.boolean(),
});

const predecessor = z.object({
  id: z.string(),
  name: z.string(),
  state,
  mode: z.string(),
  requested_at: time,
  hold,
  /** The resources that it cannot have yet itself. */
  waits_for: z.array(z.string()),
});

const limit = z.object({
  /** Units that are free, a rate that is not reached, or so many units at all. */
  lacks: z.enum(['units', 'rate', 'capacity']),
  capacity: z.number().nullable(),
  /** How many of them the claim takes. */
  units: z.number().nullable(),
  units_free: z.number().nullable(),
  rate: z.number().nullable(),
  per_seconds: z.number().nullable(),
  /** How many claims stand before it in line; a thousand: so many or more. */
  before: z.number(),
  /** When a claim that was granted no longer counts; null: none counts. */
  next_at: time.nullable(),
});

const claim = z.object({
  resource: z.string(),
  mode: z.string(),
  requested_at: time,
  met: z.boolean(),
  /** How many units it asks for, if it asks for a number. */
  units: z.number().nullable(),
  /** What the capacity or the rate of the resource lacks for it; null: nothing, or it has none. */
  limit: limit.nullable(),
  /** How many tasks hold the resource in a conflicting way; a thousand: so many or more. */
  holders: z.number(),
  /** The first three of them, and those that brought this task about. */
  held_by: z.array(holder),
  /** How many conflicting claims stand before it in line; a thousand: so many or more. */
  before: z.number(),
  /** The first three of them. */
  first_before: z.array(predecessor),
});

const queue = z.object({
  queue: z.string(),
  /** What its worker must have, by ranges of versions. */
  requires: z.record(z.string(), z.string()).nullable(),
  /** Whether its job is there for workers to fetch. */
  delivered: z.boolean(),
  /** What pg-boss calls its job, where another client has taken it: `active`, `completed`, … */
  taken_as: z.string().nullable(),
  /** Where it is not delivered: the other clients of pg-boss that work on our queues. */
  clients: z.array(z.string()).nullable(),
  /** Until when it is not to be fetched, because a session still has the lock of one of its resources. */
  put_back_until: time.nullable(),
  /** How many jobs come before its own; a thousand: so many or more. */
  jobs_before: z.number().nullable(),
  /** Workers online that take from the queue, the best suited first. */
  workers: z.array(
    z.object({
      name: z.string(),
      /** Whether it can run the task: it knows its type, and has what that requires. */
      knows_type: z.boolean(),
      /** Of one that knows its type: what it has not in the versions required, and in which it has it. */
      lacks: z.record(z.string(), z.string().nullable()).nullable(),
      /** Why it takes no tasks at present; null: it does. */
      unable: z.string().nullable(),
      running: z.number(),
      concurrency: z.number(),
      heartbeat_age: z.number(),
    }),
  ),
  /** Whether the resource manager could give it to a reserved worker instead. */
  routable: z.boolean(),
});

const run = z.object({
  worker: z.string(),
  attempt: z.number(),
  since: time,
  seconds: z.number(),
  timeout_seconds: z.number().nullable(),
  progress: z.unknown(),
  host: z.string(),
  pid: z.number(),
  /** Seconds since the latest sign of life of its worker. */
  heartbeat_age: z.number(),
  /** Its processes, if they go on though they were killed. */
  stuck: z.array(z.object({ pid: z.number(), state: z.string() })).nullable(),
});

const span = z.object({
  kind: z.enum([
    ...([
      'dependencies',
      'delayed',
      'retry_pause',
      'resources',
      'resource_manager',
      'worker',
      'running',
      'canceling',
    ] as const),
    ...TASK_RETRIABLE_STATES,
  ]),
  /** The attempt that ran, or was waited for. */
  attempt: z.number(),
  worker: z.string().optional(),
  resource: z.string().optional(),
  /** The task that was in the way; of waits that are long ago it is not known. */
  behind: z.string().optional(),
  since: time,
  until: time,
  seconds: z.number(),
});

const interrupted = z.object({
  /** In a row. */
  times: z.number(),
  by: z.string(),
  reason: z.string().nullable(),
  worker: z.string(),
  at: time,
});

/** What `pulp.why` tells. */
export const explanation = z.object({
  id: z.string(),
  name: z.string(),
  state,
  /** By the database's clock. */
  asked_at: time,
  /** Codes, the decisive one first; the comment in `sql/functions/why/why.sql` lists them. */
  reasons: z.array(z.string()),
  attempt: z.number(),
  retries: z.number(),
  priority: z.number(),
  error: z.unknown(),
  cancel_reason: z.string().nullable(),
  /** What it waits for that has to be over: tasks that it comes after or whose ends its code waits for, and the others of its group. */
  awaits: z.array(
    z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('task'),
        id: z.string(),
        name: z.string().nullable(),
        state: state.nullable(),
      }),
      z.object({ kind: z.literal('group'), id: z.string(), dispatched: z.boolean(), unfinished: z.number() }),
    ]),
  ),
  /** The circle of tasks that wait for each other in which it stands; null: none is known. */
  deadlock: z
    .object({
      text: z.string(),
      steps: z.array(
        z.object({
          id: z.string(),
          name: z.string().nullable(),
          how: z.enum(['awaits', 'held', 'line', 'after', 'group', 'slot']),
          /** The resource, the group or the worker. */
          what: z.string().nullable(),
          /** The task that has to end first. */
          needs: z.string(),
        }),
      ),
    })
    .nullable(),
  /** When its delay, or its pause before a retry, ends. */
  due_at: time.nullable(),
  /** Why the resource manager could not bring it forward, and when it tries again; null: it did not fail. */
  held_back: z
    .object({
      step: z.enum(['due', 'grant', 'reroute']),
      since: time,
      not_before: time,
      tries: z.number(),
      /** SQLSTATE. */
      code: z.string(),
      message: z.string(),
    })
    .nullable(),
  /** What is paused and keeps it from beginning, the oldest first. */
  paused: z.array(
    z.object({
      kind: z.enum(PAUSE_KINDS),
      name: z.string(),
      reason: z.string().nullable(),
      actor: z.string().nullable(),
      since: time,
      until: time.nullable(),
    }),
  ),
  /** Its claims, as long as it stands in line; those that are not met come first. */
  claims: z.array(claim),
  /** Null unless it waits. */
  queue: queue.nullable(),
  resource_manager: z.object({
    leads: z.boolean(),
    worker: z.string().optional(),
    since: time.optional(),
    /** Null: all of its duties work. */
    failing_since: time.nullish(),
    /** When the duty that failed last did its work for the last time; null: not in this term, or nothing fails. */
    last_pass_at: time.nullish(),
    /** Its duties that fail, such as `grant` and `watch`. */
    failures: z.record(z.string(), z.object({ code: z.string(), message: z.string() })).optional(),
  }),
  /** Null unless it runs. */
  run: run.nullable(),
  /** The last of its interruptions in a row; null if its run before this one did not end so. */
  interrupted: interrupted.nullable(),
  /** Of one that waits: who has held a snapshot anywhere in the cluster for more than a minute, which slows all work; null: nobody. */
  old_snapshot: z.string().nullable(),
  /** Where its time went, in spans without gaps that add up to the whole; null if its first events are gone. */
  time: z.object({ seconds: z.number(), since: time, until: time, spans: z.array(span) }).nullable(),
});

/** Why a task does not run, or what it does, or where its time went. */
export type Explanation = z.infer<typeof explanation>;
export type ExplainedClaim = z.infer<typeof claim>;
export type ExplainedQueue = z.infer<typeof queue>;
export type TimeSpan = z.infer<typeof span>;

/**
 * Explains one task, as it is now.
 *
 * @throws MissingResourceError if there is no such task
 */
export async function explainTask(id: string): Promise<Explanation> {
  if (!z.guid().safeParse(id).success) throw new MissingResourceError(id);
  const pool = await getConnection();
  const told = await retrying(() =>
    pool.oneFirst(sql.type(z.object({ explanation: z.unknown() }))`select pulp.why(${id}) as explanation`),
  );
  return explanation.parse(told);
}
