-- Tasks that have events in a leaf and were not purged: they need what it holds. Both sides are read once: without
-- statistics of a purge just now, each would be looked for in all of the log.
create or replace function pulp.unpurged_tasks(leaf text, most integer) returns setof text
language sql stable set jit = off set enable_nestloop = off as $$
  select there.stream_id from pulp.leaf_streams(leaf) as there(stream_id)
  where not exists (
    select from (
      select unnest(b.ids)::text as stream_id from pulp.event_batch b where b.type = 'TaskPurged'
      union all
      select s.stream_id from pulp.event_task s where s.type = 'TaskPurged'
    ) purged
    where purged.stream_id = there.stream_id)
  order by 1 limit most
$$;
comment on function pulp.unpurged_tasks is 'Tasks that need what a leaf of the log holds.';
