/**
 * Names and limits that the whole engine shares (pulpcore's `constants`). Limits on input stand in
 * `sql/functions/enqueue/item_problem.sql`, where every way of enqueueing meets them.
 */

/** Every state of a task. */
export const TASK_STATES = [
  'waiting',
  'running',
  'canceling',
  'completed',
  'failed',
  'canceled',
  'skipped',
] as const;

/** One of `TASK_STATES`. */
export type TaskState = (typeof TASK_STATES)[number];

/** States of a task that is over: it leaves them only when somebody has it run again. */
export const TASK_FINAL_STATES = [
  'completed',
  'failed',
  'canceled',
  'skipped',
] as const satisfies readonly TaskState[];

/** States of a task that is not over. */
export const TASK_INCOMPLETE_STATES = [
  'waiting',
  'running',
  'canceling',
] as const satisfies readonly TaskState[];

/** States from which a task may be run again. */
export const TASK_RETRIABLE_STATES = [
  'failed',
  'canceled',
  'skipped',
] as const satisfies readonly TaskState[];

/** How tasks have to end that another one comes after, so that it begins: completed, or in whatever way. */
export const DEPENDENCY_ENDS = ['success', 'finish'] as const;

/** One of `DEPENDENCY_ENDS`. */
export type DependencyEnd = (typeof DEPENDENCY_ENDS)[number];

/** In which states tasks have to be for something that can be done to them; those in others stay as they are. */
export const APT_STATES = {
  cancel: ['waiting', 'running'],
  retry: TASK_RETRIABLE_STATES,
  set: ['waiting'],
} as const satisfies Readonly<Record<string, readonly TaskState[]>>;

/** By which times tasks can be looked for: as a parameter and as a flag, and what it asks of which column. */
export const TASK_TIME_FILTERS = [
  { name: 'enqueued_after', flag: 'enqueued-after', time: 'enqueued_at', is: 'since' },
  { name: 'enqueued_before', flag: 'enqueued-before', time: 'enqueued_at', is: 'before' },
  { name: 'unblocked_after', flag: 'unblocked-after', time: 'unblocked_at', is: 'since' },
  { name: 'unblocked_before', flag: 'unblocked-before', time: 'unblocked_at', is: 'before' },
  { name: 'started_after', flag: 'started-after', time: 'started_at', is: 'since' },
  { name: 'started_before', flag: 'started-before', time: 'started_at', is: 'before' },
  { name: 'finished_after', flag: 'finished-after', time: 'finished_at', is: 'since' },
  { name: 'finished_before', flag: 'finished-before', time: 'finished_at', is: 'before' },
] as const;

/** What tasks can be sorted by. */
export const TASK_ORDERS = [
  'enqueued_at',
  'unblocked_at',
  'started_at',
  'finished_at',
  'name',
  'state',
] as const;

/** Every state of a worker: it gives signs of life; it said that it ends; it fell silent, or its session is gone. */
export const WORKER_STATES = ['online', 'offline', 'missing'] as const;

/** One of `WORKER_STATES`. */
export type WorkerState = (typeof WORKER_STATES)[number];

/** After how many seconds without a sign of life a worker counts as missing. */
export const WORKER_TTL = 30;

/** How far ahead the log should have leaves at least, in milliseconds: without one, nothing can be written. */
export const LEAVES_AHEAD_MS = 7 * 86_400_000;

/** After how many interruptions of its run in a row it is told that a task does not get on. */
export const MANY_INTERRUPTIONS = 3;

/** What may name a task type, a queue or a worker; `pulp.is_name` says the same. */
export const NAME_PATTERN = /^[A-Za-z][A-Za-z0-9_.:@-]{0,127}$/;

/** The greatest priority; its negative is the least. */
export const MOST_PRIORITY = 999_999_999;

/** How many units of a resource there can be, and how many claims of it can be granted within a time. */
export const MOST_UNITS = 1_000_000;

/** How deep arguments, results and reports may be nested. */
export const MOST_LEVELS = 64;

/** The queue of tasks whose caller names none. */
export const DEFAULT_QUEUE = 'default';

/** The queue of upkeep; a worker whose name starts so subscribes to it alone. */
export const RESOURCE_MANAGER_QUEUE = 'resource-manager';

/** A worker whose name starts so subscribes to the queue of its own name alone. */
export const RESERVED_WORKER_PREFIX = 'reserved-resource-worker';

/** What the resource manager that leads does again and again. */
export const LEADER_DUTIES = [
  'grant',
  'watch',
  'upkeep',
  'notices',
  'mend',
  'schedules',
  'webhooks',
  'retention',
  'archive',
] as const;

/** One of `LEADER_DUTIES`. */
export type LeaderDuty = (typeof LEADER_DUTIES)[number];

/** Channels of Postgres notifications. They are hints: whoever misses one finds out by polling. */
export const CHANNELS = {
  /** A queue (the payload) has jobs that can be fetched. */
  ready: 'pulp_ready',
  /** The resource manager has something to look at. */
  grant: 'pulp_grant',
  /** Nobody leads the resource managers any more, or soon nobody will. */
  leader: 'pulp_leader',
  /** A worker (the payload) has a run to cancel. */
  cancel: 'pulp_cancel',
  /** Runs have ended, of tasks whose ids end with these digits (the payload, see `pulp.tell_ended`); of any, if it is empty. */
  finished: 'pulp_finished',
} as const;

/** Whether a task in this state is over. */
export function isFinal(state: TaskState): boolean {
  return (TASK_FINAL_STATES as readonly TaskState[]).includes(state);
}

/** Whether callers see and cancel each other's tasks, or are apart (`pulp.set_policy`). */
export const POLICIES = ['shared', 'owner'] as const;

/** What can be paused. */
export const PAUSE_KINDS = ['queue', 'type', 'resource', 'all'] as const;

/** One of `PAUSE_KINDS`. */
export type PauseKind = (typeof PAUSE_KINDS)[number];

/** The ways to say when a schedule comes. */
export const RULE_KINDS = ['cron', 'rrule', 'every'] as const;

/** One of `RULE_KINDS`. */
export type RuleKind = (typeof RULE_KINDS)[number];

/** What becomes of an occurrence of a schedule while the task of the one before is not over. */
export const OVERLAPS = ['skip', 'queue', 'cancel-previous'] as const;

/** One of `OVERLAPS`. */
export type Overlap = (typeof OVERLAPS)[number];

/** What is made up for of the occurrences that a schedule missed. */
export const CATCH_UPS = ['none', 'one', 'all'] as const;

/** One of `CATCH_UPS`. */
export type CatchUp = (typeof CATCH_UPS)[number];

/** Of what it can be said for how long it is kept: tasks of a queue, of a type, all others; months of the log. */
export const RETENTION_KINDS = ['all', 'queue', 'type', 'log'] as const;

/** One of `RETENTION_KINDS`. */
export type RetentionKind = (typeof RETENTION_KINDS)[number];

/** States of a subscription: it goes on; until somebody resumes it, it does not; its events could not be sent. */
export const SUBSCRIPTION_STATES = ['active', 'paused', 'stopped'] as const;

/** Of which kinds of streams a subscription can get events. */
export const SUBSCRIPTION_KINDS = ['task', 'worker', 'resource', 'system'] as const;

/** States of a schedule: it goes on; until somebody resumes it, it does not; nothing comes any more. */
export const SCHEDULE_STATES = ['active', 'paused', 'ended'] as const;
