import type { Client } from 'pg';

/**
 * Makes a month of the past as if tasks had been enqueued and canceled there, one a second from its beginning, or a hundred where there are many; gives their
 * ids. The client must be a superuser's.
 *
 * @param month such as `2025_01`
 */
export async function pastTasks(client: Client, month: string, count: number): Promise<string[]> {
  await client.query(
    `with month as (select to_date($1, 'YYYY_MM')::timestamp as starts)
     select pulp.create_event_leaf('event_batch', 'event_batch_' || $1, starts at time zone 'UTC',
       (starts + interval '1 month') at time zone 'UTC')
     from month where to_regclass('pulp.event_batch_' || $1) is null`,
    [month],
  );
  const { rows } = await client.query<{ id: string }>(
    `with batch as materialized (
       insert into pulp.event_batch (first, tx, recorded_at, size, version, schema_version, type, actor, common, ids)
       select nextval('pulp.event_position'), pg_current_xact_id(),
         to_date($1, 'YYYY_MM')::timestamp at time zone 'UTC' + t.second * interval '1 s', cardinality(t.ids), e.version, 1, e.type,
         'the past', e.common, t.ids
       from (
         select n / $3 as second, array_agg(gen_random_uuid()) as ids from generate_series(1, $2) as n group by n / $3 order by 1
       ) t
       cross join (values
         (1, 'TaskEnqueued', pulp.enqueued_data('"past"', null, null, null, null, null, '{}', now(), 'postgres')),
         (2, 'TaskCanceled', '{"reason": null}')
       ) e (version, type, common)
       returning *
     )
     insert into pulp.task
     select (folded.task).*
     from (
       select pulp.fold_task(row(e.*, null)::pulp.event order by e.version) as task
       from batch b cross join lateral pulp.batch_events(row(b.*)::pulp.event_batch) e
       group by e.stream_id
     ) folded
     returning id`,
    [month, count, count > 1000 ? 100 : 1],
  );
  await client.query('select pulp.rebuild_task_counts()');
  return rows.map(({ id }) => id);
}

/** Makes such a month hold its events one a row, as before there were batches. */
export async function unpackMonth(client: Client, month: string): Promise<void> {
  await client.query(`
    select pulp.create_event_leaf('event_task', 'event_task_${month}', starts, ends)
      from pulp.task_leaves() where leaf = 'event_batch_${month}';
    insert into pulp.event_task select * from pulp.leaf_events('event_batch_${month}');
    drop table pulp.event_batch_${month}`);
}
