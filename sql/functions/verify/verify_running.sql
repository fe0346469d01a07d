-- Rule running_list: what is running is in the hands of the worker that its row names, and that worker is online. Of all
-- tasks, or of those listed.
create or replace function pulp.verify_running(only_ids uuid[] default null) returns setof pulp.violation
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return query
    select 'running_list', 'task', coalesce(t.id, r.task_id)::text, case
        when t.id is null then 'it is listed as running, and is not'
        when r.task_id is null then format('it is %s, and not listed as running', t.state)
        when r.worker is distinct from t.worker then 'it is listed as running by another worker'
        else format('it is %s, and its worker is %s', t.state, coalesce(w.state, 'not there')) end,
      case when t.id is not null then jsonb_build_object('worker', t.worker) end,
      case when r.task_id is not null then jsonb_build_object('worker', r.worker) end
    from (
      select task_id, worker from pulp.running where only_ids is null or task_id = any (only_ids)
    ) r
    full join (
      select id, state, worker from pulp.task
      where state in ('running', 'canceling') and (only_ids is null or id = any (only_ids))
    ) t on t.id = r.task_id
    left join pulp.worker w on w.name = r.worker
    where r.worker is distinct from t.worker or w.state is distinct from 'online';
end $$;
comment on function pulp.verify_running is 'Whether what is running is in the hands of its worker.';
