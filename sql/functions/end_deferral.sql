-- Lets deferred tasks go on whose time has come: those without claims are delivered, the others take their places in line.
-- Whoever changes one of them just now is not waited for: it stays for the next pass.
create or replace function pulp.end_deferral(ids uuid[]) returns void
language plpgsql as $$
declare
  free pulp.task[];
  claiming uuid[];
begin
  select array_agg(t.task) filter (where t.free), array_agg(t.id) filter (where not t.free) into free, claiming
    from (
      select t.id, t as task, t.exclusive_resources = '{}' and t.shared_resources = '{}' as free
      from unnest(ids) as i(id) join pulp.task t on t.id = i.id
      where t.state = 'waiting'
      for no key update of t skip locked
    ) t;

  if free is not null then
    delete from pulp.deferred d using unnest(free) as t where d.task_id = t.id;
    perform pulp.deliver(free);
  end if;
  if claiming is not null then
    delete from pulp.deferred d using unnest(claiming) as c(id) where d.task_id = c.id;
    perform pulp.take_place_in_line(array(
      select a.event from pulp.append_task_events(
        claiming, array_fill('TaskDue'::text, array[cardinality(claiming)]), array_fill('{}'::jsonb, array[cardinality(claiming)])) a));
  end if;
end $$;
comment on function pulp.end_deferral is 'Lets deferred tasks go on whose time has come.';
