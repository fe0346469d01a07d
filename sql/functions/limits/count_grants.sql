-- Counts what was granted to these tasks of resources with a rate.
create or replace function pulp.count_grants(tasks uuid[], at timestamptz) returns void
language plpgsql as $$
begin
  insert into pulp.rate_use (resource, number, granted_at, free_again_at)
    select g.resource, count(*), count_grants.at, count_grants.at + min(g.per_seconds) * interval '1 s'
    from (
      select c.resource, l.per_seconds
      from unnest(tasks) as t(id)
      cross join lateral (select x.resource from pulp.reservation_granted x where x.task_id = t.id offset 0) c
      cross join lateral (select x.per_seconds from pulp.resource_limit x where x.resource = c.resource and x.rate is not null offset 0) l
    ) g
    group by g.resource;
end $$;
comment on function pulp.count_grants is 'Counts what was granted to these tasks of resources with a rate.';
