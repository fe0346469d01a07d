-- Appends events of tasks to the log, as pulp.event_batches has put them together: all that are appended at once, in one statement. State
-- is folded by the caller.
create or replace function pulp.log_batches(batches pulp.event_batch[]) returns void
language plpgsql as $$
begin
  insert into pulp.event_batch select b.* from unnest(batches) as b;
end $$;
comment on function pulp.log_batches is 'Appends events of tasks to the log.';
