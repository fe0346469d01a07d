-- Gives a number to whatever an advisory lock may stand for and has none: resources that are held, workers that are online.
create or replace function pulp.rebuild_numbers() returns void
language sql as $$
  insert into pulp.resource (name)
    select distinct g.resource from pulp.reservation_granted g
    where not exists (select from pulp.resource known where known.name = g.resource)
    on conflict (name) do nothing;
  insert into pulp.worker_name (name)
    select w.name from pulp.worker w
    where w.state = 'online' and not exists (select from pulp.worker_name known where known.name = w.name)
    on conflict (name) do nothing;
$$;
comment on function pulp.rebuild_numbers is 'Gives a number to whatever an advisory lock may stand for.';
