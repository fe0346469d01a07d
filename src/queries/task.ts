import type { FragmentSqlToken } from 'slonik';
import { z } from 'zod';
import { TASK_ORDERS, TASK_STATES, type TaskState } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql, textArray } from '../postgres/sql.ts';
import { reportedColumn } from './reported.ts';
import {
  changingConditions,
  conditionsOf,
  fewNames,
  lastingConditions,
  presentConditions,
  possibleAt,
  where,
  type Condition,
  type TaskFilter,
} from './task-filter.ts';
import { asOf } from './time-travel.ts';

/** A row of the table `pulp.task`. */
export const taskRow = z.object({
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
  trace_context: z.object({ traceparent: z.string(), tracestate: z.string().optional() }).nullable(),
  options: z.record(z.string(), z.unknown()).nullable(),
  unique_key: z.string().nullable(),
  reported: reportedColumn.nullable(),
});

/** A task as the table `pulp.task` shows it; the comments on its columns say what each means. */
export type Task = z.infer<typeof taskRow>;

function columnsWith(payloads: FragmentSqlToken): FragmentSqlToken {
  return sql.fragment`
    id, name, state, queue, exclusive_resources, shared_resources, worker, attempt, priority, retries,
    timeout_seconds, nullif(run_after, 'infinity') as run_after, parent_id, group_id, correlation_id, cancel_reason, enqueued_at,
    unblocked_at, started_at, finished_at, version, interruptions, owner, trace_context, options, unique_key,
    ${payloads}`;
}

const columns = () => columnsWith(sql.fragment`args, kwargs, result, error, progress, reported`);
const briefColumns = () =>
  columnsWith(sql.fragment`'[]'::jsonb as args, '{}'::jsonb as kwargs, result, error, progress, reported`);
const columnsToList = () =>
  columnsWith(sql.fragment`
  null::jsonb as args, null::jsonb as kwargs, null::jsonb as result, null::jsonb as error, progress, reported`);
const columnsWithoutPayloads = () =>
  columnsWith(sql.fragment`
  null::jsonb as args, null::jsonb as kwargs, null::jsonb as result, null::jsonb as error, null::jsonb as progress,
  null::jsonb as reported`);

/** Reads tasks; whoever may see them, but not their payloads, is given null for these. */
async function readingTasks<T>(
  read: (columns: FragmentSqlToken) => Promise<T>,
  wanted: FragmentSqlToken = columns(),
): Promise<T> {
  try {
    return await retrying(() => read(wanted));
  } catch (error) {
    if (!(error instanceof PulpError) || error.code !== 'NOT_ALLOWED') throw error;
    return retrying(() => read(columnsWithoutPayloads()));
  }
}

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
  const task = await readingTasks((shown) =>
    pool.maybeOne(sql.type(taskRow)`select ${shown} from ${source}`),
  );
  return task ?? undefined;
}

/** An order of tasks: by a column, ascending or descending; those that have no value come last. */
export interface TaskOrder {
  readonly by: (typeof TASK_ORDERS)[number];
  readonly descending: boolean;
}

/** Which tasks to list, and how. */
export interface TaskSelection extends TaskFilter {
  /** As they were at this time of the past, as far as they were not purged since; default: as they are. */
  readonly at?: Date | undefined;
  /** How many at most. */
  readonly limit: number;
  /** How many to skip first: cheap for few. To go through many, see `after`. */
  readonly offset?: number | undefined;
  /** Those that come after the task of this id, where the newest come first; as cheap for the last as for the first. */
  readonly after?: string | undefined;
  /** Default: the newest first. */
  readonly order?: readonly TaskOrder[] | undefined;
  /** Without what may be large and few ask for: arguments come empty. */
  readonly brief?: boolean | undefined;
  /** Only among so many of the newest: so that looking ends, however few are found. */
  readonly newest?: number | undefined;
  /** Without arguments, results and errors: they come as null. */
  readonly withoutPayloads?: boolean | undefined;
}

/** Lists tasks. @throws PulpError INVALID_INPUT if they are looked for by what there is not */
export async function listTasks(selection: TaskSelection): Promise<readonly Task[]> {
  const { checkSelection } = await import('./check-selection.ts');
  checkSelection(selection);
  const {
    at,
    limit,
    offset = 0,
    after,
    order = [],
    brief = false,
    withoutPayloads = false,
    newest,
    ...filter
  } = selection;
  const lasting = [
    ...lastingConditions(filter),
    newest === undefined
      ? undefined
      : sql.fragment`enqueued_at >= coalesce(
          (select enqueued_at from pulp.task order by enqueued_at desc offset ${newest - 1} limit 1), '-infinity')`,
    after === undefined
      ? undefined
      : sql.fragment`(enqueued_at, position) < (select p.enqueued_at, p.position from pulp.task p where p.id = ${after})`,
  ];
  const ordered = (by: FragmentSqlToken) =>
    sql.fragment`order by ${sql.join(
      [
        ...order.map(
          ({ by: column, descending }) =>
            sql.fragment`${sql.identifier([column])} ${descending ? sql.fragment`desc nulls last` : sql.fragment``}`,
        ),
        by,
      ],
      sql.fragment`, `,
    )}`;
  const source =
    at === undefined
      ? await presentSource(
          filter,
          lasting,
          ordered(sql.fragment`enqueued_at desc, position desc`),
          limit + offset,
        )
      : sql.fragment`
          (select id as known_id, enqueued_at as came_at, position as place from pulp.task
            ${where([...lasting, ...possibleAt(at, filter)])}) known
          cross join lateral pulp.task_at(${asOf(at)}, known_id) past ${where(changingConditions(filter))}
          ${ordered(sql.fragment`came_at desc, place desc`)}`;
  const pool = await getConnection();
  return readingTasks(
    (shown) => pool.any(sql.type(taskRow)`select ${shown} from ${source} limit ${limit} offset ${offset}`),
    (withoutPayloads ? columnsToList : brief ? briefColumns : columns)(),
  );
}

/** Tasks as they are. Of a few types, the first of each are found by an index, and the first of these are the first of all. */
async function presentSource(
  filter: TaskFilter,
  lasting: readonly Condition[],
  ordered: FragmentSqlToken,
  first: number,
): Promise<FragmentSqlToken> {
  const conditions = [...lasting, ...(await presentConditions(filter))];
  const names = await fewNames(filter);
  if (names === undefined) return sql.fragment`pulp.task ${where(conditions)} ${ordered}`;
  return sql.fragment`
    pulp.task
    where id = any (array(
      select of_type.id
      from unnest(${textArray(names)}) as one(type)
      cross join lateral (
        select id from pulp.task ${where([...conditions, sql.fragment`name = one.type`])} ${ordered} limit ${first}
      ) of_type
    ))
    ${ordered}`;
}

/** The tasks that these enqueued, by the one that did; the oldest first, of each a thousand at most. */
export async function readChildren(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const pool = await getConnection();
  const rows = await retrying(() =>
    pool.any(sql.type(z.object({ parent: z.string(), children: z.array(z.string()) }))`
      select p.id as parent, array_agg(c.id order by c.enqueued_at, c.position) as children
      from unnest(${sql.array([...ids], 'uuid')}) as p(id)
      cross join lateral (
        select id, enqueued_at, position from pulp.task
        where parent_id = p.id order by enqueued_at, position limit 1000
      ) c
      group by p.id`),
  );
  return new Map(rows.map(({ parent, children }) => [parent, children]));
}

/** How many tasks there are of these. @param most where counting ends */
export async function countTasks(filter: TaskFilter, most = Number.MAX_SAFE_INTEGER): Promise<number> {
  const { checkFilter } = await import('./check-selection.ts');
  checkFilter(filter);
  const pool = await getConnection();
  const conditions = await conditionsOf(filter);
  return retrying(() =>
    pool.oneFirst(sql.type(z.object({ count: z.number() }))`
      select count(*) as count from (select from pulp.task ${where(conditions)} limit ${most}) t`),
  );
}

/** An event of a task's stream. */
export const taskEventRow = z.object({
  position: z.number(),
  version: z.number(),
  type: z.string(),
  data: z.unknown(),
  /** Who is said to have caused it. */
  actor: z.string().nullable(),
  /** Whose login it truly was; null of events from before this was recorded. */
  session_user: z.string().nullable(),
  recorded_at: z.date(),
  /** Seconds since the event before; null for the first. */
  seconds_after: z.number().nullable(),
  /** The attempt that it belongs to; null before the first start. */
  attempt: z.number().nullable(),
});

/** An event of a task's stream. */
export type TaskEvent = z.infer<typeof taskEventRow>;

/** What happened to a task, in order. Empty if there is none of that id. */
export async function readHistory(id: string): Promise<readonly TaskEvent[]> {
  if (!z.guid().safeParse(id).success) return [];
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(taskEventRow)`
      select position, version, type, data, actor, "session_user", recorded_at,
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
