import { z } from 'zod';
import { TASK_STATES } from '../constants.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

const groupRow = z.object({
  uuid: z.string(),
  /** The name that its tasks were enqueued with. */
  name: z.string(),
  /** How many of its tasks are in each state that any of them is in. */
  counts: z.partialRecord(z.enum(TASK_STATES), z.number()),
});

/** The tasks that were enqueued with the same name of a group, as far as they were not purged. */
export type TaskGroup = z.infer<typeof groupRow>;

/** Reads one group by its UUID, see `pulp.name_uuid`; undefined if no task is in it. */
export async function readTaskGroup(uuid: string): Promise<TaskGroup | undefined> {
  const [group] = await readGroups(sql.fragment`select ${uuid}::uuid as uuid`);
  return group;
}

/** Lists groups, in the order of their UUIDs, and says how many there are. */
export async function listTaskGroups(
  offset: number,
  limit: number,
): Promise<{ readonly count: number; readonly groups: readonly TaskGroup[] }> {
  const pool = await getConnection();
  const [count, groups] = await Promise.all([
    retrying(() =>
      pool.oneFirst(
        sql.type(z.object({ count: z.number() }))`${KNOWN} select count(uuid) as count from known`,
      ),
    ),
    readGroups(sql.fragment`
      select uuid from (${KNOWN} select uuid from known where uuid is not null offset ${offset} limit ${limit}) page`),
  ]);
  return { count, groups };
}

/** The UUIDs of all groups, each by one probe of an index. */
const KNOWN = sql.fragment`
  with recursive known as (
    (select pulp.name_uuid(group_id) as uuid from pulp.task where group_id is not null order by 1 limit 1)
    union all
    select (
      select pulp.name_uuid(t.group_id) from pulp.task t
      where t.group_id is not null and pulp.name_uuid(t.group_id) > known.uuid order by 1 limit 1
    )
    from known where known.uuid is not null
  )`;

async function readGroups(uuids: ReturnType<typeof sql.fragment>): Promise<readonly TaskGroup[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(groupRow)`
      select w.uuid, min(c.name) as name, jsonb_object_agg(c.state, c.count) as counts
      from (${uuids}) w
      cross join lateral (
        select min(t.group_id) as name, t.state, count(*) from pulp.task t
        where t.group_id is not null and pulp.name_uuid(t.group_id) = w.uuid group by t.state
      ) c
      group by w.uuid
      order by w.uuid`),
  );
}
