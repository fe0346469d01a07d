-- Tasks that have events in a leaf and were not purged: they need what it holds. Both sides are read once: without
-- statistics of a purge just now, each would be looked for in all of the log.
create or replace function pulp.unpurged_tasks(leaf text, most integer) returns setof text
language plpgsql stable set jit = off set enable_nestloop = off as $$
begin
  return query execute format(
    'select s.stream_id from (select distinct l.stream_id from pulp.%I l) s
     where not exists (
       select from pulp.event e where e.stream_kind = ''task'' and e.stream_id = s.stream_id and e.type = ''TaskPurged'')
     order by 1 limit $1', leaf) using most;
end $$;
comment on function pulp.unpurged_tasks is 'Tasks that need what a leaf of the log holds.';
