-- Random tasks, about half of them from the rows of tasks and half from the log, so that a task that lacks either may be met.
create or replace function pulp.verify_sample(number integer) returns uuid[]
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_custom_plan as $$
declare
  from_rows constant integer := (number + 1) / 2;
  rows constant double precision := (select greatest(reltuples, 0) from pg_class where oid = 'pulp.task'::regclass);
  batches constant double precision := (
    select sum(greatest(c.reltuples, 0)) from pg_partition_tree('pulp.event_batch') p join pg_class c on c.oid = p.relid where p.isleaf);
  singles constant double precision := (
    select sum(greatest(c.reltuples, 0)) from pg_partition_tree('pulp.event_task') p join pg_class c on c.oid = p.relid where p.isleaf);
  -- Whole blocks are drawn: from four times as many rows as are wanted, so that they lie apart. Tables without statistics are small or new.
  percent_of_rows constant double precision := case when rows > 0 then least(100, 400.0 * from_rows / rows) else 100 end;
  percent_of_batches constant double precision := case when batches > 0 then least(100, 400.0 * (number - from_rows) / batches) else 100 end;
  percent_of_singles constant double precision := case when singles > 0 then least(100, 400.0 * (number - from_rows) / singles) else 100 end;
begin
  return array(
    select id from (
      select t.id from pulp.task t tablesample system (percent_of_rows) order by random() limit from_rows
    ) drawn_row
    union
    select id from (
      select drawn.id
      from (
        select b.ids, 1 + floor(random() * greatest(b.size - 9, 1))::integer as place
        from pulp.event_batch b tablesample system (percent_of_batches)
        offset 0
      ) b
      cross join lateral unnest(b.ids[b.place:b.place + 9]) as drawn(id)
      order by random() limit number - from_rows
    ) drawn_event
    union
    select stream_id::uuid from (
      select e.stream_id from pulp.event_task e tablesample system (percent_of_singles) order by random() limit number - from_rows
    ) drawn_single
    where pulp.is_uuid(stream_id));
end $$;
comment on function pulp.verify_sample is 'Random tasks.';
