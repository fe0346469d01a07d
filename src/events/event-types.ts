import {
  CATCH_UPS,
  LEADER_DUTIES,
  OVERLAPS,
  POLICIES,
  RETENTION_KINDS,
  RULE_KINDS,
  SUBSCRIPTION_KINDS,
  type PauseKind,
} from '../constants.ts';
import { basename } from 'node:path';
import { z } from 'zod';
import { defineEvent } from './define-event.ts';

/**
 * What is in the log: of each type of event its kind of stream, and the shape of its facts in each version, from 1. A shape
 * is never changed once it was written: a change adds the next version, a function that makes it of the one before, and what
 * the SQL folds (`pulp.evolve_*`) make of both.
 */

/** A moment as Postgres writes it in JSON or, as those of schedules were written once, as JavaScript does. */
const moment = z
  .string()
  .regex(/^\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:\d\d){0,2})$/, 'no moment in time');

/** A moment that was written once as a caller in SQL did: in whatever form Postgres reads. Now it is a `moment`, too. */
const givenMoment = z.string();

/** Any JSON that a task's code or caller has given. */
const payload = z.unknown().refine((value) => value !== undefined, 'is missing');

/** Why a run failed: what the package records of an error. Workers of other make may say more, or less. */
const taskError = z
  .looseObject({
    code: z.string(),
    name: z.string(),
    message: z.string(),
    stack: z.string(),
    remedy: z.string(),
    output: z.string(),
    cause: z.unknown(),
  })
  .partial()
  .nullable();

/** On the end of a run whose worker went without a word. */
const workerLost = z.literal(true).optional();

const resources = z.array(z.string());

const departure = z.strictObject({ normal_shutdown: z.boolean() });

const finalState = z.enum(['completed', 'failed', 'canceled', 'skipped']);

const nothing = z.strictObject({});

const policy = z.enum(POLICIES);

/** What callers and workers go by of a published task type; it gains members. */
const publication = z.looseObject({
  schema: z.record(z.string(), z.unknown()),
  isolation: z.string(),
  on_worker_loss: z.string(),
  on_worker_stop: z.string(),
  release: z.string().nullable(),
});

/** Places of secrets among arguments, see `SecretPlace`. */
const marks = z.array(z.array(z.union([z.string(), z.number(), z.literal(true)])));

const quota = z
  .strictObject({
    max_priority: z.int(),
    queues: z.array(z.string()),
    max_claims: z.int(),
    max_tasks: z.int(),
    max_bytes: z.int(),
  })
  .partial();

const paused = <Kind extends PauseKind>(kind: Kind) =>
  defineEvent('system', () => [
    z.strictObject({
      kind: z.literal(kind),
      name: z.string(),
      reason: z.string().nullable(),
      /** When it goes on by itself. */
      until: moment.nullable(),
    }),
  ]);

const resumed = <Kind extends PauseKind>(kind: Kind) =>
  defineEvent('system', () => [
    z.strictObject({ kind: z.literal(kind), name: z.string(), reason: z.string().nullable() }),
  ]);

export const EVENT_TYPES = {
  TaskEnqueued: defineEvent('task', () => [
    z.strictObject({
      name: z.string(),
      queue: z.string(),
      args: z.array(z.unknown()),
      kwargs: z.record(z.string(), z.unknown()),
      exclusive_resources: resources,
      shared_resources: resources,
      priority: z.int(),
      retries: z.int(),
      timeout_seconds: z.number().optional(),
      delay_seconds: z.number().optional(),
      at: z.string().optional(),
      /** Without end, where it waits for others to be over. */
      run_after: z.union([moment, z.literal('infinity')]).optional(),
      parent_id: z.string().optional(),
      group_id: z.string().optional(),
      /** The span that enqueued it. */
      trace_context: z
        .strictObject({ traceparent: z.string(), tracestate: z.string().optional() })
        .optional(),
      /** What else was asked for, as few tasks do: see the column of the task. */
      options: z.record(z.string(), z.unknown()).optional(),
      /** Held by it alone of all tasks. */
      unique_key: z.string().optional(),
      /** For whom it was enqueued; missing where that was not recorded yet. */
      owner: z.string().optional(),
    }),
  ]),
  TaskDue: defineEvent('task', () => [nothing]),
  ReservationGranted: defineEvent('task', () => [z.strictObject({ queue: z.string() })]),
  ReservationReleased: defineEvent('task', () => [nothing]),
  TaskRerouted: defineEvent('task', () => [z.strictObject({ queue: z.string() })]),
  /** Another task took its place, or its time was over. */
  UniqueKeyReleased: defineEvent('task', () => [nothing]),
  TaskReprioritized: defineEvent('task', () => [z.strictObject({ priority: z.int() })]),
  TaskStarted: defineEvent('task', () => [
    z.strictObject({
      worker: z.string(),
      attempt: z.int(),
      /** Of the worker's code, where it is said. */
      release: z.string().optional(),
    }),
  ]),
  TaskProgressed: defineEvent('task', () => [z.strictObject({ progress: payload })]),
  ProgressReported: defineEvent('task', () => [
    z.strictObject({
      reports: z.array(
        z.strictObject({
          code: z.string(),
          message: z.string(),
          state: z.string(),
          total: z.number().nullable().optional(),
          done: z.number(),
          suffix: z.string().nullable().optional(),
        }),
      ),
    }),
  ]),
  ResourcesCreated: defineEvent('task', () => [z.strictObject({ resources })]),
  TaskCancelRequested: defineEvent('task', () => [z.strictObject({ reason: z.string().nullable() })]),
  TaskCompleted: defineEvent('task', () => [z.strictObject({ result: payload })]),
  TaskFailed: defineEvent('task', () => [z.strictObject({ error: taskError, worker_lost: workerLost })]),
  TaskRetryScheduled: defineEvent('task', () => [
    z.strictObject({ error: taskError, run_after: moment, worker_lost: workerLost }),
  ]),
  TaskCanceled: defineEvent('task', () => [
    z.strictObject({
      reason: z.string().nullable(),
      /** How the run ended in truth, if its worker said so: the cancel was acknowledged already. */
      outcome: z.enum(['completed', 'failed', 'canceled']).optional(),
      worker_lost: workerLost,
    }),
  ]),
  /** Ended without its fault, and at no cost of an attempt: it goes back to the front of its line. */
  TaskInterrupted: defineEvent('task', () => [
    z.strictObject({
      reason: z.string().nullable(),
      /** What ended it: its worker stops; its host cannot run it; its worker's session was lost, and another has its locks. */
      by: z.enum(['shutdown', 'host', 'session', 'leftover']),
      worker: z.string(),
      /** Its place in line, which it had before. */
      position: z.int(),
    }),
  ]),
  /** Its code has put it off: it runs again then, and this run counts as none. */
  TaskSnoozed: defineEvent('task', () => [
    z.strictObject({ reason: z.string().nullable(), run_after: moment }),
  ]),
  /** Somebody has it run again after its end. */
  TaskRequeued: defineEvent('task', () => [
    z.strictObject({
      reason: z.string().nullable(),
      /** Whether it was a run that had ended, or a task that waited. */
      had_run: z.boolean(),
    }),
  ]),
  /** What it came after is over as it asked for; it begins then. */
  DependenciesMet: defineEvent('task', () => [z.strictObject({ run_after: moment })]),
  /** It waited for a task that ended otherwise than it asked for. */
  TaskSkipped: defineEvent('task', () => [
    z.strictObject({
      reason: z.string().optional(),
      /** The task that it waited for. */
      after: z.string().optional(),
    }),
  ]),
  TaskPurged: defineEvent('task', () => [
    z.strictObject({ name: z.string(), state: finalState, finished_at: moment }),
  ]),
  WorkerOnline: defineEvent('worker', () => [
    z.strictObject({
      host: z.string(),
      pid: z.int(),
      queues: z.array(z.string()),
      concurrency: z.int(),
      task_types: z.array(z.string()),
      /** Missing: it has no session, and is watched by its heartbeats alone. */
      backend_pid: z.int().optional(),
      /** Which process of its host it is, for others there; missing where the system does not say. */
      process: z.string().optional(),
      /** Why it takes no tasks yet. */
      unable: z.string().optional(),
      /** What it has in which version, and the release of its code, where that is said. */
      versions: z.record(z.string(), z.string()).optional(),
      release: z.string().optional(),
      /** The login that speaks for it; missing of those from before this was recorded. */
      login: z.string().optional(),
    }),
  ]),
  /** It lost its session and has another one; its runs went on. */
  WorkerAttached: defineEvent('worker', () => [z.strictObject({ backend_pid: z.int() })]),
  /** It takes no tasks for now. */
  WorkerUnable: defineEvent('worker', () => [z.strictObject({ reason: z.string() })]),
  /** Runs of it go on though their processes were killed; without any: there are none any more. */
  WorkerStuck: defineEvent('worker', () => [
    z.strictObject({
      runs: z.array(
        z.strictObject({
          task: z.string(),
          processes: z.array(z.strictObject({ pid: z.int(), state: z.string() })),
        }),
      ),
    }),
  ]),
  /** Somebody told it to finish what it runs and end; an empty reason: none was given. */
  WorkerDraining: defineEvent('worker', () => [z.strictObject({ reason: z.string() })]),
  /** Somebody gave it another number of tasks to have in hand. */
  WorkerResized: defineEvent('worker', () => [z.strictObject({ concurrency: z.int() })]),
  /** It takes tasks again. */
  WorkerAble: defineEvent('worker', () => [nothing]),
  WorkerOffline: defineEvent('worker', () => [departure]),
  WorkerMissing: defineEvent('worker', () => [departure]),
  WorkerHeartbeat: defineEvent(
    'heartbeat',
    () => [
      /** How many tasks each worker finished since its last heartbeat; null if it did not say. */
      z.strictObject({ workers: z.record(z.string(), z.int().nullable()) }),
      /** And below which tx all of the log was decided by then; null: it is not told. */
      z.strictObject({ workers: z.record(z.string(), z.int().nullable()), decided: z.string().nullable() }),
    ],
    [(facts: { workers: Record<string, number | null> }) => ({ ...facts, decided: null })],
  ),
  LeaderElected: defineEvent('system', () => [z.strictObject({ worker: z.string(), backend_pid: z.int() })]),
  /** A duty of the leader fails, for the first time or with another error than before. */
  LeaderFailing: defineEvent('system', () => [
    z.strictObject({
      duty: z.enum(LEADER_DUTIES),
      error: z.strictObject({ code: z.string(), message: z.string() }),
      /** When it last did its work in this term. */
      last_pass_at: moment.optional(),
    }),
  ]),
  LeaderRecovered: defineEvent('system', () => [z.strictObject({ duty: z.enum(LEADER_DUTIES) })]),
  /** The log goes on in another history than the one before: see `pulp.era`, and `docs/eras.md`. */
  EraBegun: defineEvent('system', () => [
    z.strictObject({
      number: z.int(),
      reason: z.string(),
      /** Of the cluster; missing where the server does not tell. */
      system_identifier: z.string().optional(),
      timeline: z.int().optional(),
      first_tx: z.string(),
      first_position: z.int(),
      cut_tx: z.string(),
      cut_position: z.int(),
    }),
  ]),
  QueuePaused: paused('queue'),
  TypePaused: paused('type'),
  ResourcePaused: paused('resource'),
  AllPaused: paused('all'),
  QueueResumed: resumed('queue'),
  TypeResumed: resumed('type'),
  ResourceResumed: resumed('resource'),
  AllResumed: resumed('all'),
  /** Somebody stands in line for resources without a task. */
  HoldRequested: defineEvent('system', () => [
    z.strictObject({
      exclusive_resources: resources,
      shared_resources: resources,
      /** Units of resources, as tasks ask for them. */
      options: z.record(z.string(), z.unknown()).nullable(),
      reason: z.string().nullable(),
      /** For how long, from when it is granted. */
      seconds: z.number().nullable(),
      /** For how long it is taken to be alive after each sign of life. */
      lease_seconds: z.number().nullable(),
    }),
  ]),
  HoldGranted: defineEvent('system', () => [nothing]),
  HoldReleased: defineEvent('system', () => [
    z.strictObject({
      /** Its holder let go of it, its time was over, or it gave no sign of life any more. */
      why: z.enum(['released', 'expired', 'lost']),
      reason: z.string().nullable(),
    }),
  ]),
  /** How many units there are of a resource; null: without limit. */
  CapacityChanged: defineEvent('system', () => [
    z.strictObject({ resource: z.string(), capacity: z.int().nullable(), reason: z.string().nullable() }),
  ]),
  /** How many claims of a resource are granted within so many seconds; null: without limit. */
  RateChanged: defineEvent('system', () => [
    z.strictObject({
      resource: z.string(),
      rate: z.int().nullable(),
      per_seconds: z.number().nullable(),
      reason: z.string().nullable(),
    }),
  ]),
  ScheduleCreated: defineEvent('system', () => [
    z.strictObject({
      name: z.string(),
      kind: z.enum(RULE_KINDS),
      rule: z.string(),
      time_zone: z.string(),
      starts_at: givenMoment,
      until: givenMoment.nullable(),
      overlap: z.enum(OVERLAPS),
      catch_up: z.enum(CATCH_UPS),
      /** What is enqueued, with the keys of `pulp.enqueue_batch`. */
      item: z.record(z.string(), z.unknown()),
      owner: z.string().nullable(),
      next_at: moment,
    }),
  ]),
  SchedulePaused: defineEvent('system', () => [z.strictObject({ reason: z.string().nullable() })]),
  ScheduleResumed: defineEvent('system', () => [z.strictObject({ reason: z.string().nullable() })]),
  ScheduleDeleted: defineEvent('system', () => [z.strictObject({ reason: z.string().nullable() })]),
  OccurrenceEnqueued: defineEvent('system', () => [
    z.strictObject({
      /** For when it was meant, whenever it came. */
      nominal_at: moment,
      task_id: z.string(),
      /** The one that follows; null: there is none. */
      next_at: moment.nullable(),
      by_hand: z.boolean(),
    }),
  ]),
  /** Occurrences that follow each other were skipped, all for the same reason. */
  OccurrenceSkipped: defineEvent('system', () => [
    z.strictObject({
      why: z.enum(['missed', 'paused', 'overlap', 'refused']),
      first_at: moment,
      last_at: moment,
      count: z.int(),
      next_at: moment.nullable(),
      /** Which task was not over, or why it was refused. */
      detail: z.string().nullable(),
    }),
  ]),
  GroupCreated: defineEvent('system', () => [
    z.strictObject({ id: z.string(), description: z.string().nullable(), owner: z.string().nullable() }),
  ]),
  /** All its tasks are enqueued. */
  GroupDispatched: defineEvent('system', () => [nothing]),
  SubscriptionCreated: defineEvent('system', () => [
    z.strictObject({
      name: z.string(),
      kinds: z.array(z.enum(SUBSCRIPTION_KINDS)),
      types: z.array(z.string()).nullable(),
      /** Of tasks of which task types. */
      names: z.array(z.string()).nullable(),
      stream: z.string().nullable(),
      /** Where its events are sent to; null: they are fetched. */
      url: z.string().nullable(),
      give_up_seconds: z.number().nullable(),
      owner: z.string().nullable(),
      /** What comes after it is given. */
      cursor: z.string(),
    }),
  ]),
  SubscriptionPaused: defineEvent('system', () => [z.strictObject({ reason: z.string().nullable() })]),
  SubscriptionResumed: defineEvent('system', () => [z.strictObject({ reason: z.string().nullable() })]),
  /** Its events could not be sent for too long, or cannot be given. */
  SubscriptionStopped: defineEvent('system', () => [z.strictObject({ reason: z.string() })]),
  /** It goes on from another place. */
  SubscriptionReplayed: defineEvent('system', () => [
    z.strictObject({ cursor: z.string(), reason: z.string().nullable() }),
  ]),
  SubscriptionDeleted: defineEvent('system', () => [z.strictObject({ reason: z.string().nullable() })]),
  /** For how long something is kept. */
  RetentionSet: defineEvent('system', () => [
    z.strictObject({
      kind: z.enum(RETENTION_KINDS),
      name: z.string(),
      keep: z.union([
        z.partialRecord(finalState, z.union([z.number(), z.literal('never')])),
        z.strictObject({ seconds: z.number(), folder: z.string() }),
      ]),
    }),
  ]),
  RetentionCleared: defineEvent('system', () => [
    z.strictObject({ kind: z.enum(RETENTION_KINDS), name: z.string() }),
  ]),
  /** Whether callers are apart. */
  PolicyChanged: defineEvent('system', () => [z.strictObject({ before: policy, after: policy })]),
  /** What an owner may ask for; null: nothing in particular. */
  QuotaChanged: defineEvent('system', () => [
    z.strictObject({ owner: z.string(), before: quota.nullable(), after: quota.nullable() }),
  ]),
  /** Only what changed by a publication is one. */
  TaskTypePublished: defineEvent('system', () => [
    z.strictObject({
      name: z.string(),
      worker: z.string(),
      before: publication.nullable(),
      after: publication,
    }),
  ]),
  SecretUnmarked: defineEvent('system', () => [
    z.strictObject({ name: z.string(), place: z.string(), before: marks, after: marks }),
  ]),
  LeafArchived: defineEvent('system', () => [
    z.strictObject({
      format: z.literal('pulp-archive/1'),
      leaf: z.string(),
      file: z.string().refine((name) => basename(name) === name),
      bytes: z.int(),
      sha256: z.string(),
      events: z.int(),
      streams: z.int(),
      first_position: z.int().nullable(),
      last_position: z.int().nullable(),
      first_recorded_at: moment.nullable(),
      last_recorded_at: moment.nullable(),
      digest: z.string(),
    }),
  ]),
  LeafDropped: defineEvent('system', () => [
    z.strictObject({
      class: z.enum(['event_batch', 'event_task', 'event_heartbeat']),
      starts: moment,
      ends: moment,
    }),
  ]),
} as const;
