import type { Client } from 'pg';

/**
 * Makes a month of the past as if tasks had been enqueued and cancelled there, one a second from its beginning; gives their
 * ids. The client must be a superuser's.
 *
 * @param month such as `2025_01`
 */
export async function pastTasks(client: Client, month: string, count: number): Promise<string[]> {
  await client.query(
    `with month as (select to_date($1, 'YYYY_MM')::timestamp as starts)
     select pulp.create_event_leaf('event_task', 'event_task_' || $1, starts at time zone 'UTC',
       (starts + interval '1 month') at time zone 'UTC')
     from month where to_regclass('pulp.event_task_' || $1) is null`,
    [month],
  );
  const { rows } = await client.query<{ id: string }>(
    `with task as materialized (
       select gen_random_uuid() as id, to_date($1, 'YYYY_MM')::timestamp at time zone 'UTC' + n * interval '1 s' as at
       from generate_series(1, $2) as n
     ),
     history as materialized (
       select t.id, e.version, row(nextval('pulp.event_position'), pg_current_xact_id(), 'task', t.id::text, e.version, e.type, 1,
         e.data, t.id::text, null, 'the past', t.at)::pulp.event as event
       from task t
       cross join (values
         (1, 'TaskEnqueued', pulp.enqueued_data('"past"', null, null, null, null, null, '{}', now())),
         (2, 'TaskCanceled', '{"reason": null}')
       ) e (version, type, data)
       order by t.at, t.id, e.version
     ),
     logged as (insert into pulp.event select (event).* from history),
     told as (
       insert into pulp.task
       select (folded.task).* from (select pulp.fold_task(event order by version) as task from history group by id) folded
     )
     select id from task`,
    [month, count],
  );
  return rows.map(({ id }) => id);
}
