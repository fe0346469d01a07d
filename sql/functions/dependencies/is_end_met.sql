-- Whether a task in this state is over as those want it who come after it: on "success" completed, on "finish" in whatever way. Null: it
-- is not over.
create or replace function pulp.is_end_met(state text, wanted text) returns boolean
language sql immutable parallel safe as $$
  select case
    when state in ('waiting', 'running', 'canceling') then null
    when wanted = 'finish' then state in ('completed', 'failed', 'canceled', 'skipped')
    else state = 'completed' end
$$;
comment on function pulp.is_end_met is 'Whether a task is over as those want it who come after it.';
