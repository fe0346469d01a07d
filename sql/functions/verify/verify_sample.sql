-- Random tasks, about half of them from the rows of tasks and half from the log, so that a task that lacks either may be met.
create or replace function pulp.verify_sample(number integer) returns uuid[]
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_custom_plan as $$
declare
  from_rows constant integer := (number + 1) / 2;
  rows constant double precision := (select greatest(reltuples, 0) from pg_class where oid = 'pulp.task'::regclass);
  events constant double precision := (
    select sum(greatest(c.reltuples, 0)) from pg_partition_tree('pulp.event_task') p join pg_class c on c.oid = p.relid where p.isleaf);
  -- Whole blocks are drawn: from four times as many rows as are wanted, so that they lie apart. Tables without statistics are small or new.
  percent_of_rows constant double precision := case when rows > 0 then least(100, 400.0 * from_rows / rows) else 100 end;
  percent_of_events constant double precision := case when events > 0 then least(100, 400.0 * (number - from_rows) / events) else 100 end;
begin
  return array(
    select id from (
      select t.id from pulp.task t tablesample system (percent_of_rows) order by random() limit from_rows
    ) drawn_row
    union
    select stream_id::uuid from (
      select e.stream_id from pulp.event e tablesample system (percent_of_events)
      where e.stream_kind = 'task' order by random() limit number - from_rows
    ) drawn_event
    where pulp.is_uuid(stream_id));
end $$;
comment on function pulp.verify_sample is 'Random tasks.';
