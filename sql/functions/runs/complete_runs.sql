-- The first step of pulp.end_runs_alike for runs that succeeded: folds their ends, and the releases before them, into the tasks' rows
-- and logs both. Gives the tasks, in their order, and those of them that are in groups; null: none is.
create or replace function pulp.complete_runs(rows tid[], facts jsonb[], claiming boolean, out ids uuid[], out grouped uuid[])
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  tx constant xid8 := pulp.event_tx();
  release_positions constant bigint[] := case when claiming then pulp.new_positions(cardinality(rows)) end;
  positions constant bigint[] := pulp.new_positions(cardinality(rows));
  versions integer[];
  correlation_ids text[];
  batches pulp.event_batch[];
begin
  if claiming then
    select f.* into ids, versions, correlation_ids, grouped
      from pulp.fold_released_and_completed(rows, facts, release_positions, positions, tx, appended_at) f;
  else
    select f.* into ids, versions, correlation_ids, grouped from pulp.fold_completed(rows, facts, positions, tx, appended_at) f;
  end if;
  if cardinality(ids) is distinct from cardinality(rows) then
    raise exception 'a task changed while its run was ended' using errcode = 'serialization_failure',
      hint = 'Repeat the command.';
  end if;
  if claiming then
    batches := pulp.event_batches('ReservationReleased', release_positions, ids,
      array(select v - 1 from unnest(versions) with ordinality as x(v, ordinality) order by x.ordinality), null, correlation_ids, null,
      tx, appended_at);
  end if;
  perform pulp.log_batches(batches
    || pulp.event_batches('TaskCompleted', positions, ids, versions, facts, correlation_ids, null, tx, appended_at));
end $$;
comment on function pulp.complete_runs is 'Folds and logs the ends of runs that succeeded.';
