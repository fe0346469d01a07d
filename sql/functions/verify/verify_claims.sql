-- Rule claims_of_tasks: a task has all its claims in line, or all granted, or none of them anywhere: final tasks none,
-- running ones all granted, waiting ones none only until they are due. What is not waiting is not deferred. Of all tasks,
-- or of those listed.
create or replace function pulp.verify_claims(only_ids uuid[] default null) returns setof pulp.violation
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return query
    select 'claims_of_tasks', 'task', coalesce(t.id, r.task_id, d.task_id)::text, case
        when t.id is null then 'it has no row, but claims, or is deferred'
        else format('it is %s', t.state) end,
      null::jsonb,
      jsonb_build_object('claims', coalesce(t.claims, 0), 'in_line', coalesce(r.in_line, 0), 'granted', coalesce(r.granted, 0),
        'deferred', d.task_id is not null)
    from (
      select id, state, cardinality(exclusive_resources) + cardinality(shared_resources) as claims
      from pulp.task where only_ids is null or id = any (only_ids)
    ) t
    full join (
      select task_id, count(*) filter (where state = 'waiting') as in_line, count(*) filter (where state = 'granted') as granted
      from pulp.reservation where only_ids is null or task_id = any (only_ids) group by task_id
    ) r on r.task_id = t.id
    full join (
      select task_id from pulp.deferred where only_ids is null or task_id = any (only_ids)
    ) d on d.task_id = t.id
    where (case
        when t.state = 'waiting' and t.claims > 0 then
          case
            when d.task_id is not null then r.task_id is null
            else t.claims in (r.in_line, r.granted) and 0 in (r.in_line, r.granted)
          end
        when t.state in ('running', 'canceling') and t.claims > 0 then r.granted = t.claims and r.in_line = 0 and d.task_id is null
        when t.state = 'waiting' then r.task_id is null
        when t.id is null and exists (select from pulp.hold h where h.id = r.task_id) then true
        when t.id is not null then r.task_id is null and d.task_id is null
      end) is not true;
end $$;
comment on function pulp.verify_claims is 'Whether each task has the claims that its state asks for.';
