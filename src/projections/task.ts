import type { FragmentSqlToken } from 'slonik';
import { z } from 'zod';
import { isFinal, TASK_STATES, type TaskState } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { asOf } from './time-travel.ts';

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
  interruptions: z.number(),
  owner: z.string().nullable(),
});

/** A task as the table `pulp.task` shows it; the comments on its columns say what each means. */
export type Task = z.infer<typeof taskRow>;

const columns = sql.fragment`
  id, name, state, queue, args, kwargs, exclusive_resources, shared_resources, worker, attempt, priority, retries,
  timeout_seconds, run_after, parent_id, group_id, correlation_id, result, error, cancel_reason, progress, enqueued_at,
  unblocked_at, started_at, finished_at, version, interruptions, owner`;

/** Reads one task, or undefined if there is none of that id. */
export function readTask(id: string): Promise<Task | undefined> {
  return readFrom(id, sql.fragment`pulp.task where id = ${id}`);
}

/** Reads one task as it was at a time of the past; undefined if there was none of that id, or its first events are gone. */
export function readTaskAt(id: string, at: Date): Promise<Task | undefined> {
  return readFrom(id, sql.fragment`pulp.task_at(${asOf(at)}, ${id})`);
}

async function readFrom(id: string, source: FragmentSqlToken): Promise<Task | undefined> {
  if (!z.guid().safeParse(id).success) return undefined;
  const pool = await getConnection();
  const task = await retrying(() => pool.maybeOne(sql.type(taskRow)`select ${columns} from ${source}`));
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
  /** As they were at this time of the past, as far as they were not purged since; default: as they are. */
  readonly at?: Date;
  /** How many at most, the newest first. */
  readonly limit: number;
}

/** Lists tasks, the newest first. */
export async function listTasks({
  at,
  state,
  worker,
  limit,
  ...lasting
}: TaskFilter): Promise<readonly Task[]> {
  const changing = [
    state === undefined ? undefined : sql.fragment`state = ${state}`,
    worker === undefined ? undefined : sql.fragment`worker = ${worker}`,
  ];
  const source =
    at === undefined
      ? sql.fragment`pulp.task ${where([...lastingConditions(lasting), ...changing])} order by enqueued_at desc, position desc`
      : sql.fragment`
          (select id as known_id, enqueued_at as came_at, position as place from pulp.task
            ${where([...lastingConditions(lasting), ...possibleAt(at, { state, worker })])}) known
          cross join lateral pulp.task_at(${asOf(at)}, known_id) past ${where(changing)}
          order by came_at desc, place desc`;
  const pool = await getConnection();
  return retrying(() => pool.any(sql.type(taskRow)`select ${columns} from ${source} limit ${limit}`));
}

type Condition = FragmentSqlToken | undefined;

/** What never changes in a task. */
function lastingConditions({
  name,
  resource,
  since,
}: Pick<TaskFilter, 'name' | 'resource' | 'since'>): Condition[] {
  return [
    name === undefined ? undefined : sql.fragment`name = ${name}`,
    resource === undefined
      ? undefined
      : sql.fragment`exclusive_resources || shared_resources && array[${resource}, pulp.resource_name(${resource})]`,
    since === undefined ? undefined : sql.fragment`enqueued_at >= ${since.toISOString()}::timestamptz`,
  ];
}

/** What the present says of the past, so that few tasks have to be folded: one that was over then is now as it was. */
function possibleAt(
  at: Date,
  { state, worker }: { state: TaskState | undefined; worker: string | undefined },
): Condition[] {
  const wasOver = sql.fragment`coalesce(finished_at <= ${asOf(at)}, false)`;
  const hadStarted = worker !== undefined || state === 'running' || state === 'canceling';
  return [
    sql.fragment`enqueued_at <= ${asOf(at)}`,
    hadStarted ? sql.fragment`attempt > 0` : undefined,
    state === undefined
      ? undefined
      : isFinal(state)
        ? sql.fragment`${wasOver} and state = ${state}`
        : sql.fragment`not ${wasOver}`,
    worker === undefined ? undefined : sql.fragment`(worker = ${worker} or not ${wasOver})`,
  ];
}

function where(conditions: readonly Condition[]): FragmentSqlToken {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 0 ? sql.fragment`` : sql.fragment`where ${sql.join(given, sql.fragment` and `)}`;
}

const eventRow = z.object({
  position: z.number(),
  version: z.number(),
  type: z.string(),
  data: z.unknown(),
  actor: z.string().nullable(),
  recorded_at: z.date(),
  /** Seconds since the event before; null for the first. */
  seconds_after: z.number().nullable(),
  /** The attempt that it belongs to; null before the first start. */
  attempt: z.number().nullable(),
});

/** An event of a task's stream. */
export type TaskEvent = z.infer<typeof eventRow>;

/** What happened to a task, in order. Empty if there is none of that id. */
export async function readHistory(id: string): Promise<readonly TaskEvent[]> {
  if (!z.guid().safeParse(id).success) return [];
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(eventRow)`
      select position, version, type, data, actor, recorded_at,
        extract(epoch from recorded_at - lag(recorded_at) over story)::double precision as seconds_after,
        max((data ->> 'attempt')::integer) filter (where type = 'TaskStarted') over story as attempt
      from pulp.history(${id})
      window story as (order by version)
      order by version`),
  );
}

/** Those of these tasks that are final, with their states; also those that were purged since. */
export async function readFinal(ids: readonly string[]): Promise<ReadonlyMap<string, TaskState>> {
  const pool = await getConnection();
  const rows = await retrying(() =>
    pool.any(sql.type(z.object({ id: z.string(), state: z.enum(TASK_STATES) }))`
      select i.id, coalesce(t.state, purged.state) as state
      from unnest(${sql.array([...ids], 'uuid')}) as i(id)
      left join pulp.task t on t.id = i.id
      left join lateral (
        select e.data ->> 'state' as state from pulp.history(i.id) e where t.id is null and e.type = 'TaskPurged'
      ) purged on true
      where coalesce(t.state, purged.state) in ('completed', 'failed', 'canceled', 'skipped')`),
  );
  return new Map(rows.map((row) => [row.id, row.state]));
}
