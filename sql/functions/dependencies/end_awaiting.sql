-- Lets these locked tasks go on, for which nothing is to be awaited any more: at once, or when the time has come before which they are not
-- to begin.
create or replace function pulp.end_awaiting(ids uuid[]) returns void
language plpgsql as $$
declare
  now constant timestamptz := clock_timestamp();
begin
  perform pulp.append_task_events('DependenciesMet', ids, array(
    select jsonb_build_object('run_after', greatest(now, pulp.recorded_time(t.options -> 'not_before')))
    from unnest(ids) with ordinality as i(id, ordinality)
    cross join lateral (select x.options from pulp.task x where x.id = i.id offset 0) t
    order by i.ordinality));
  update pulp.deferred d set due_at = t.run_after
    from unnest(ids) as i(id)
    cross join lateral (select x.id, x.run_after from pulp.task x where x.id = i.id offset 0) t
    where d.task_id = t.id;
end $$;
comment on function pulp.end_awaiting is 'Lets tasks go on for which nothing is to be awaited any more.';
