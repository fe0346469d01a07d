-- Tasks that have events in a leaf and were not purged: they need what it holds. Both sides are read once: without
-- statistics of a purge just now, each would be looked for in all of the log.
create or replace function pulp.unpurged_tasks(leaf text, most integer) returns setof text
language plpgsql stable set jit = off set enable_nestloop = off as $$
begin
  return query execute format(
    'select there.stream_id from (select distinct %s as stream_id from pulp.%I l) there
     where not exists (
       select from pulp.event e where e.stream_kind = ''task'' and e.type = ''TaskPurged'' and e.stream_id = there.stream_id)
     order by 1 limit $1', case when leaf like 'event_batch%' then 'unnest(l.ids)::text' else 'l.stream_id' end, leaf) using most;
end $$;
comment on function pulp.unpurged_tasks is 'Tasks that need what a leaf of the log holds.';
