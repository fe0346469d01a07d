-- Puts tasks with claims whose time has come in line.
create or replace function pulp.end_deferral(ids uuid[]) returns void
language plpgsql as $$
declare
  locked uuid[] := array(
    select t.id from pulp.task t join unnest(ids) with ordinality as i(id, ordinality) on i.id = t.id
    where t.state = 'waiting' order by t.id for no key update of t skip locked);
begin
  delete from pulp.deferred d using unnest(locked) as l(id) where d.task_id = l.id;
  perform pulp.take_place_in_line(array(
    select a.event from pulp.append_task_events(
      array(select i.id from unnest(ids) with ordinality as i(id, ordinality) where i.id = any (locked) order by i.ordinality),
      array_fill('TaskDue'::text, array[cardinality(locked)]),
      array_fill('{}'::jsonb, array[cardinality(locked)])) a));
end $$;
comment on function pulp.end_deferral is 'Puts tasks with claims whose time has come in line.';
