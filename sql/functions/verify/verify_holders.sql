-- Rule holders_apart: whoever holds a resource exclusively holds it alone. Of all resources, or of those that the listed
-- tasks hold.
create or replace function pulp.verify_holders(only_ids uuid[] default null) returns setof pulp.violation
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return query
    select 'holders_apart', null::text, g.resource, 'it is held exclusively, and not alone', null::jsonb,
      jsonb_build_object('holders', (array_agg(g.task_id))[:10])
    from pulp.reservation_granted g
    where only_ids is null
      or g.resource in (select held.resource from pulp.reservation_granted held where held.task_id = any (only_ids))
    group by g.resource
    having count(*) > 1 and bool_or(g.mode = 'exclusive');
end $$;
comment on function pulp.verify_holders is 'Whether whoever holds a resource exclusively holds it alone.';
