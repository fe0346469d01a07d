import { sql } from 'slonik';
import { z } from 'zod';
import { TASK_STATES, type TaskState } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';

const taskRow = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(TASK_STATES),
  queue: z.string(),
  args: z.unknown(),
  kwargs: z.unknown(),
  exclusive_resources: z.array(z.string()),
  shared_resources: z.array(z.string()),
  worker: z.string().nullable(),
  attempt: z.number(),
  priority: z.number(),
  retries: z.number(),
  timeout_seconds: z.number().nullable(),
  run_after: z.date().nullable(),
  parent_id: z.string().nullable(),
  group_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  result: z.unknown(),
  error: z.unknown(),
  cancel_reason: z.string().nullable(),
  progress: z.unknown(),
  enqueued_at: z.date(),
  unblocked_at: z.date().nullable(),
  started_at: z.date().nullable(),
  finished_at: z.date().nullable(),
  version: z.number(),
});

/** A task as the table `pulp.task` shows it; the comments on its columns say what each means. */
export type Task = z.infer<typeof taskRow>;

const columns = sql.fragment`
  id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, worker, attempt, priority, retries,
  timeout_seconds, run_after, parent_id, group_id, correlation_id, result, error, cancel_reason, progress, enqueued_at,
  unblocked_at, started_at, finished_at, version`;

/** Reads one task, or undefined if there is none of that id. */
export async function readTask(id: string): Promise<Task | undefined> {
  if (!z.guid().safeParse(id).success) return undefined;
  const pool = await getConnection();
  const task = await retrying(() =>
    pool.maybeOne(sql.type(taskRow)`select ${columns} from pulp.task where id = ${id}`),
  );
  return task ?? undefined;
}

/** Which tasks to list; what is left out does not narrow. */
export interface TaskFilter {
  readonly state?: TaskState;
  readonly name?: string;
  /** Claimed in either mode. */
  readonly resource?: string;
  readonly worker?: string;
  /** Enqueued at or after this time. */
  readonly since?: Date;
  /** How many at most, the newest first. */
  readonly limit: number;
}

/** Lists tasks, the newest first. */
export async function listTasks(filter: TaskFilter): Promise<readonly Task[]> {
  const conditions = [
    filter.state === undefined ? undefined : sql.fragment`state = ${filter.state}`,
    filter.name === undefined ? undefined : sql.fragment`name = ${filter.name}`,
    filter.resource === undefined
      ? undefined
      : sql.fragment`(exclusive_resources @> array[${filter.resource}] or shared_resources @> array[${filter.resource}])`,
    filter.worker === undefined ? undefined : sql.fragment`worker = ${filter.worker}`,
    filter.since === undefined
      ? undefined
      : sql.fragment`enqueued_at >= ${filter.since.toISOString()}::timestamptz`,
  ].filter((condition) => condition !== undefined);
  const where =
    conditions.length === 0
      ? sql.fragment``
      : sql.fragment`where ${sql.join(conditions, sql.fragment` and `)}`;
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(taskRow)`
      select ${columns} from pulp.task ${where} order by enqueued_at desc, position desc limit ${filter.limit}`),
  );
}

const eventRow = z.object({
  position: z.number(),
  version: z.number(),
  type: z.string(),
  data: z.unknown(),
  actor: z.string().nullable(),
  recorded_at: z.date(),
});

/** An event of a task's stream. */
export type TaskEvent = z.infer<typeof eventRow>;

/** What happened to a task, in order. Empty if there is none of that id. */
export async function readHistory(id: string): Promise<readonly TaskEvent[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(eventRow)`
      select position, version, type, data, actor, recorded_at from pulp.event
      where stream_kind = 'task' and stream_id = ${id} order by version`),
  );
}

/** Those of these tasks that are final, with their states. */
export async function readFinal(ids: readonly string[]): Promise<ReadonlyMap<string, TaskState>> {
  const pool = await getConnection();
  const rows = await retrying(() =>
    pool.any(sql.type(z.object({ id: z.string(), state: z.enum(TASK_STATES) }))`
      select id, state from pulp.task
      where id = any (${sql.array([...ids], 'uuid')}) and state in ('completed', 'failed', 'canceled', 'skipped')`),
  );
  return new Map(rows.map((row) => [row.id, row.state]));
}
