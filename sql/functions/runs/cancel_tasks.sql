-- Cancels many tasks, as pulp.cancel does each. Gives the state after it of those that the caller may act on; others are left out.
create or replace function pulp.cancel_tasks(tasks uuid[], reason text default null) returns table (id uuid, state text)
language plpgsql as $$
begin
  for id in select distinct t from unnest(cancel_tasks.tasks) as t order by 1 loop -- locked in one order by all
    begin
      state := pulp.cancel(id, reason);
      return next;
    exception
      when sqlstate 'PU002' then null;
    end;
  end loop;
end $$;
comment on function pulp.cancel_tasks is 'Cancels many tasks; gives the states of all after it.';
