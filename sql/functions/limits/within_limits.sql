-- Those of these tasks whose claims of limited resources may all be granted as far as these go.
create or replace function pulp.within_limits(tasks uuid[]) returns uuid[]
language plpgsql stable as $$
begin
  return (
    with claim as materialized (
      select w.task_id, w.resource
      from unnest(tasks) as t(id)
      cross join lateral (select x.task_id, x.resource from pulp.reservation_waiting x where x.task_id = t.id offset 0) w
      cross join lateral (select from pulp.resource_limit x where x.resource = w.resource offset 0) l
    ),
    barred as (
      select c.task_id, c.resource from claim c
      except
      select a.task_id, a.resource
      from (select distinct x.resource from claim x) c
      cross join lateral (select x as known from pulp.resource_limit x where x.resource = c.resource offset 0) l
      cross join lateral pulp.admitted(l.known) a
    )
    select array(select unnest(tasks) except select b.task_id from barred b));
end $$;
comment on function pulp.within_limits is 'Those of these tasks whose claims of limited resources may all be granted as far as these go.';
