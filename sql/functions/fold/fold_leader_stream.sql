-- Folds the events of the leadership, in their order. What the fold refuses is given instead of raised.
create or replace function pulp.fold_leader_stream(events pulp.event[], out leader pulp.leader, out refusal text)
language plpgsql immutable as $$
declare
  event pulp.event;
begin
  foreach event in array events loop
    leader := pulp.evolve_leader(leader, event);
  end loop;
exception
  when others then
    leader := null;
    refusal := sqlerrm;
end $$;
comment on function pulp.fold_leader_stream is 'Folds the events of the leadership; gives a refusal instead of raising it.';
