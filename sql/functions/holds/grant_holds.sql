-- Grants those of these claims that are of holds and not of tasks; gives which these are. One that somebody has locked just now is looked at
-- again soon.
create or replace function pulp.grant_holds(grantable uuid[]) returns uuid[]
language plpgsql as $$
declare
  known pulp.hold;
  granted uuid[] := '{}';
  holds constant uuid[] := array(
    select g.id from unnest(grantable) with ordinality as g(id, ordinality)
    where (select 1 from pulp.hold h where h.id = g.id) is not null order by g.ordinality);
begin
  for known in
    select h.* from unnest(holds) as g(id)
    cross join lateral (select x.* from pulp.hold x where x.id = g.id and x.state = 'waiting' for update skip locked) h
  loop
    known := pulp.append_hold_event(known, known.id, 'HoldGranted', '{}');
    granted := granted || known.id;
  end loop;
  perform pulp.hold_back(busy.id, 'grant', '55P03', 'its row is locked by another transaction')
    from (select unnest(holds) except select unnest(granted)) as busy(id);
  insert into pulp.resource (name)
    select distinct c.resource from pulp.reservation_granted c where c.task_id = any (granted)
    on conflict (name) do nothing;
  if exists (select from pulp.resource_limit l where l.rate is not null) then
    perform pulp.count_grants(granted, clock_timestamp());
  end if;
  return holds;
end $$;
comment on function pulp.grant_holds is 'Grants those of these claims that are of holds and not of tasks.';
