-- The streams of many tasks, in any order, each by probes of the log's index.
create or replace function pulp.histories(tasks uuid[]) returns setof pulp.event
language plpgsql stable rows 1000 set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set gin_fuzzy_search_limit = 0 as $$
begin
  return query
    select e.*, b."session_user"
    from unnest(tasks) as t(id)
    cross join lateral (select x.* from pulp.event_batch x where x.ids @> array[t.id] offset 0) b
    cross join lateral unnest(array_positions(b.ids, t.id)) as place
    cross join lateral pulp.batch_event(b::pulp.event_batch, place) e
    union all
    select s.*
    from unnest(tasks) as t(id)
    cross join lateral (select x.* from pulp.event_single x where x.stream_kind = 'task' and x.stream_id = t.id::text offset 0) s;
end $$;
comment on function pulp.histories is 'The streams of many tasks.';
