-- Ends the runs of these locked tasks, each by an event of its type with its facts; "claiming" says whether the task has claims. Gives the
-- released claims. All that end alike are ended by one statement: see pulp.end_runs_alike, which does it.
create or replace function pulp.end_runs(rows tid[], types text[], facts jsonb[], claiming boolean[]) returns pulp.reservation[]
language plpgsql as $$
declare
  alike record;
  released pulp.reservation[] := '{}';
begin
  if types[1] = all (types) and claiming[1] = all (claiming) then
    return pulp.end_runs_alike(types[1], rows, facts, claiming[1]); -- nearly always, without a query
  end if;
  for alike in
    select e.type, e.claiming, array_agg(e.row) as rows, array_agg(e.facts) as facts
    from unnest(rows, types, facts, claiming) as e(row, type, facts, claiming)
    group by e.type, e.claiming
  loop
    released := released || pulp.end_runs_alike(alike.type, alike.rows, alike.facts, alike.claiming);
  end loop;
  return released;
end $$;
comment on function pulp.end_runs is 'Ends the runs of tasks and lets go of their claims.';
