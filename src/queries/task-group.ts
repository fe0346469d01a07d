import type { FragmentSqlToken } from 'slonik';
import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { getConnection } from '../postgres/connection.ts';
import { reportRow } from './reported.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

export const groupRow = z.object({
  id: z.string(),
  description: z.string().nullable(),
  owner: z.string().nullable(),
  dispatched: z.boolean(),
  created_at: z.date().nullable(),
  dispatched_at: z.date().nullable(),
  members: z.number(),
  waiting: z.number(),
  running: z.number(),
  canceling: z.number(),
  completed: z.number(),
  failed: z.number(),
  canceled: z.number(),
  skipped: z.number(),
});

/** A group of tasks as the view `pulp.task_group` shows it; the comments on its columns say what each means. */
export type TaskGroup = z.infer<typeof groupRow>;

export const groupProgressRow = reportRow.extend({
  total: z.number().nullable(),
  suffix: z.string().nullable(),
  tasks: z.number(),
});

/** A part of the work that tasks of a group report on. */
export type GroupProgress = z.infer<typeof groupProgressRow>;

/** A group, and the UUID by which those know it that know things by UUIDs alone: see `pulp.name_uuid`. */
export type GroupWithUuid = TaskGroup & { readonly uuid: string };

const columns = () => sql.fragment`
  g.id, g.description, g.owner, g.dispatched, g.created_at, g.dispatched_at, g.members, g.waiting, g.running, g.canceling,
  g.completed, g.failed, g.canceled, g.skipped`;

/** One group. @throws PulpError MISSING_GROUP if none was created with this id and no task is in it */
export async function readGroup(id: string): Promise<TaskGroup> {
  const [group] = await read(
    groupRow,
    sql.fragment`select ${columns()} from pulp.task_group g where g.id = ${id}`,
  );
  if (group !== undefined) return group;
  throw new PulpError('MISSING_GROUP', `there is no group ${JSON.stringify(id)}`, {
    remedy: '`pulp group list` shows those known.',
    exitCode: 3,
  });
}

/** Groups in the order of their ids. @param after those that come after this one */
export function listGroups({
  limit,
  after = '',
}: {
  readonly limit: number;
  readonly after?: string | undefined;
}): Promise<readonly TaskGroup[]> {
  return read(
    groupRow,
    sql.fragment`
      select ${columns()} from pulp.group_ids(${after}, ${limit}) as known(id)
      cross join lateral (select x.* from pulp.task_group x where x.id = known.id) g
      order by g.id collate "C"`,
  );
}

/** Reads one group by its UUID; undefined if there is none. */
export async function readGroupByUuid(uuid: string): Promise<GroupWithUuid | undefined> {
  const [group] = await readByUuid(sql.fragment`pulp.group_uuids(${uuid})`);
  return group;
}

/** Lists groups, in the order of their UUIDs, and says how many there are. */
export async function listGroupsByUuid(
  offset: number,
  limit: number,
): Promise<{ readonly count: number; readonly groups: readonly GroupWithUuid[] }> {
  const pool = await getConnection();
  const [count, groups] = await Promise.all([
    retrying(() =>
      pool.oneFirst(
        sql.type(z.object({ count: z.number() }))`select count(*) as count from pulp.group_uuids()`,
      ),
    ),
    readByUuid(sql.fragment`(select * from pulp.group_uuids() offset ${offset} limit ${limit})`),
  ]);
  return { count, groups };
}

function readByUuid(known: FragmentSqlToken): Promise<readonly GroupWithUuid[]> {
  return read(
    groupRow.extend({ uuid: z.string() }),
    sql.fragment`
      select known.uuid, ${columns()} from ${known} as known(uuid, id)
      cross join lateral (select x.* from pulp.task_group x where x.id = known.id) g
      order by known.uuid`,
  );
}

async function read<Row>(row: z.ZodType<Row>, query: FragmentSqlToken): Promise<readonly Row[]> {
  const pool = await getConnection();
  return retrying(() => pool.any(sql.type(row)`${query}`));
}

/** Reports of the tasks of a group, summed by their code: see `pulp.group_progress`. */
export async function readGroupProgress(id: string): Promise<readonly GroupProgress[]> {
  return read(groupProgressRow, sql.fragment`select * from pulp.group_progress(${id}) order by code`);
}
