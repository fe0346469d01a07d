-- Lets deferred tasks go on whose time has come: those without claims are delivered, the others take their places in line.
-- A row that somebody changes just now is not waited for: it stays for the next pass.
create or replace function pulp.end_deferral(ids uuid[]) returns void
language plpgsql as $$
declare
  free uuid[];
  claiming uuid[];
begin
  select array_agg(t.id order by t.ordinality) filter (where t.free),
    array_agg(t.id order by t.ordinality) filter (where not t.free)
    into free, claiming
    from (
      select i.ordinality, x.id, x.free from unnest(ids) with ordinality as i(id, ordinality)
      cross join lateral (
        select t.id, not pulp.has_claims(t) as free from pulp.task t
        where t.id = i.id and t.state = 'waiting'
        for no key update skip locked
      ) x
    ) t;

  if free is not null then
    delete from pulp.deferred d where d.task_id = any (free);
    perform pulp.count_moves(free, 'delayed', 'claimable');
    perform pulp.deliver(free);
  end if;
  if claiming is not null then
    delete from pulp.deferred d where d.task_id = any (claiming);
    perform pulp.count_moves(claiming, 'delayed', 'blocked');
    perform pulp.take_place_in_line(array(select a.event from pulp.append_task_events('TaskDue', claiming) a));
  end if;
end $$;
comment on function pulp.end_deferral is 'Lets deferred tasks go on whose time has come.';
