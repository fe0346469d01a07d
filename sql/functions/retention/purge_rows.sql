-- Takes those of some tasks from pulp.task that are over, became so before a time and are in one of these states, "most" at most; gives
-- how many. Each gets a last event, TaskPurged. What somebody holds locked is passed over.
create or replace function pulp.purge_rows(
  candidates uuid[], finished_before timestamptz, states text[], most integer default null
) returns bigint
language plpgsql set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off as $$
declare
  tx constant xid8 := pulp.event_tx();
  ids uuid[];
  versions integer[];
  facts jsonb[];
  correlation_ids text[];
  purged bigint;
begin
  with gone as (
    delete from pulp.task t
    using (
      select o.ctid as row from pulp.task o
      where o.id = any (candidates) and o.state = any (states) and o.finished_at < finished_before
        -- Nor before it is seen to that it is over.
        and (select 1 from pulp.dependency d where d.kind = 'task' and d.name = o.id::text limit 1) is null
      order by o.enqueued_at, o.id limit most
      for update skip locked
    ) o
    where t.ctid = o.row
    returning t.*
  ),
  counted as (
    insert into pulp.task_flow (queue, name, before, after, number)
    select g.queue, g.name, g.state, '', count(*) from gone g group by g.queue, g.name, g.state
  ),
  left_groups as (
    insert into pulp.group_flow (group_id, owner, state, number)
    select g.group_id, g.owner, s.state, -count(*) from gone g cross join lateral (values (''), (g.state)) as s(state)
    where g.group_id is not null
    group by g.group_id, g.owner, s.state
  )
  select array_agg(g.id order by g.enqueued_at, g.id), array_agg(g.version + 1 order by g.enqueued_at, g.id),
      array_agg(jsonb_build_object('name', g.name, 'state', g.state, 'finished_at', g.finished_at) order by g.enqueued_at, g.id),
      array_agg(g.correlation_id order by g.enqueued_at, g.id)
    into ids, versions, facts, correlation_ids
    from gone g;
  purged := coalesce(cardinality(ids), 0);
  if purged = 0 then
    return 0;
  end if;
  perform pulp.log_batches(pulp.event_batches(
    'TaskPurged', pulp.new_positions(purged::integer), ids, versions, facts, correlation_ids, null, tx, clock_timestamp()));
  if exists (select from unnest(ids) as purged_id where pulp.are_new_ids(array[purged_id])) then
    insert into pulp.young_purge (until) values (clock_timestamp() + interval '20 min')
      on conflict (one) do update set until = excluded.until;
  end if;
  return purged;
end $$;
comment on function pulp.purge_rows is 'Takes rows of some tasks that are over from pulp.task.';
