-- Grants all claims of these locked, waiting tasks, which go to these queues: appends and folds ReservationGranted, then moves the claims
-- (grant_claims). Whether they may be granted is the caller's decision. The rows are those of the ids.
create or replace function pulp.grant_tasks(ids uuid[], rows tid[], queues text[]) returns void
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  tx constant xid8 := pulp.event_tx();
  positions constant bigint[] := pulp.new_positions(cardinality(ids));
  facts constant jsonb[] := array(
    select jsonb_build_object('queue', r.queue) from unnest(queues) with ordinality as r(queue, ordinality)
    order by r.ordinality);
  versions integer[];
  correlation_ids text[];
begin
  select f.* into versions, correlation_ids from pulp.fold_granted(rows, facts, positions, tx, appended_at) f;
  if cardinality(versions) is distinct from cardinality(ids) then
    raise exception 'a task changed while it was granted' using errcode = 'serialization_failure', hint = 'Repeat the command.';
  end if;
  perform pulp.grant_claims(ids, positions, versions, facts, correlation_ids, tx, appended_at);
  perform pulp.log_batches(
    pulp.event_batches('ReservationGranted', positions, ids, versions, facts, correlation_ids, null, tx, appended_at));
  if exists (select from pulp.resource_limit l where l.rate is not null) then
    perform pulp.count_grants(ids, appended_at);
  end if;
end $$;
comment on function pulp.grant_tasks is 'Grants all claims of waiting tasks.';
