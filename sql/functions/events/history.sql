-- The stream of one task, in its order: what happened to it, as far as the log reaches. Found by the log's own index, whatever
-- has become of the task's row.
create or replace function pulp.history(task uuid) returns setof pulp.event
language plpgsql stable rows 5 set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
  return query
    select b.first + place - 1, b.tx, 'task' collate "C", task::text collate "C", coalesce(b.version, b.versions[place]) as version,
      b.type, b.schema_version, case when b.facts is null then b.common else b.common || (b.facts -> (place - 1)) end,
      coalesce(b.correlation_ids[place], task::text), b.causation_ids[place], b.actor, b.recorded_at
    from (select x.* from pulp.event_batch x where x.ids @> array[task] offset 0) b
    cross join lateral unnest(array_positions(b.ids, task)) as place
    union all
    select s.* from pulp.event_single s where s.stream_kind = 'task' and s.stream_id = task::text
    order by version;
end $$;
comment on function pulp.history is 'The stream of one task, in its order.';
