-- Rules hold_as_folded and claims_of_holds: holds are what their events tell, and have the claims that they ask for, in line or granted; and
-- there are no others but those of tasks.
create or replace function pulp.verify_holds() returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off as $$
begin
  return query
    select 'hold_as_folded', 'system', d.stream, 'it is not what its events tell',
      pulp.verify_columns(to_jsonb(d.told), to_jsonb(d.there)), pulp.verify_columns(to_jsonb(d.there), to_jsonb(d.told))
    from pulp.fold_hold_differences() d
    union all
    select 'claims_of_holds', 'system', 'hold/' || coalesce(told.task_id, there.task_id),
      'its claims are not what it asked for', to_jsonb(told), to_jsonb(there)
    from (select c.* from pulp.hold h cross join lateral pulp.claims_of_hold(h) c) told
    full join (
      select r.* from pulp.reservation r where not exists (select from pulp.task t where t.id = r.task_id)
    ) there on there.task_id = told.task_id and there.resource = told.resource
    where to_jsonb(told) is distinct from to_jsonb(there);
end $$;
comment on function pulp.verify_holds is 'Whether holds are what the log tells, and have the claims that they ask for.';
