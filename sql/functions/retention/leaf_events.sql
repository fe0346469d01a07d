-- The events in a leaf of tasks, in their order, also of one that is detached from the log.
create or replace function pulp.leaf_events(leaf text) returns setof pulp.event
language plpgsql stable set jit = off as $$
begin
  if leaf like 'event_batch%' then
    return query execute format(
      'select e.*, l."session_user" from (select l.* from pulp.%I l order by l.tx, l.first) l
       cross join lateral pulp.batch_events(row(l.*)::pulp.event_batch) e', leaf);
  else
    return query execute format('select l.* from pulp.%I l order by l.tx, l.position', leaf);
  end if;
end $$;
comment on function pulp.leaf_events is 'The events in a leaf of tasks, in their order.';
