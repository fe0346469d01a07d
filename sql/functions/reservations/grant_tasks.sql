-- Grants all claims of these locked, waiting tasks, which go to these queues: appends and folds ReservationGranted, then moves the claims
-- (grant_claims). Whether they may be granted is the caller's decision. The rows are those of the ids.
create or replace function pulp.grant_tasks(ids uuid[], rows tid[], queues text[]) returns void
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  positions constant bigint[] := pulp.new_positions(cardinality(ids));
  facts constant jsonb[] := array(
    select jsonb_build_object('queue', r.queue) from unnest(queues) with ordinality as r(queue, ordinality)
    order by r.ordinality);
  versions integer[];
  correlation_ids text[];
begin
  with granted_task as (
    update pulp.task t set (/*columns pulp.task changed by ReservationGranted*/) = row((pulp.evolve_task(t, pulp.task_event(
      g.position, tx, t.id, t.version + 1, 'ReservationGranted', g.facts, t.correlation_id, null, acting, appended_at))).*)
    from unnest(rows, facts, positions) as g(row, facts, position)
    where t.ctid = g.row
    returning t.version, t.correlation_id, g.position, t.queue, t.name
  ),
  counted as (
    insert into pulp.task_flow (queue, name, before, after, number)
    select o.queue, o.name, 'blocked', 'claimable', count(*) from granted_task o group by o.queue, o.name
  )
  select array_agg(o.version order by o.position), array_agg(o.correlation_id order by o.position)
    into versions, correlation_ids from granted_task o;
  if cardinality(versions) is distinct from cardinality(ids) then
    raise exception 'a task changed while it was granted' using errcode = 'serialization_failure', hint = 'Repeat the command.';
  end if;
  perform pulp.grant_claims(ids, positions, versions, facts, correlation_ids, tx, appended_at);
  if exists (select from pulp.resource_limit l where l.rate is not null) then
    perform pulp.count_grants(ids, appended_at);
  end if;
end $$;
comment on function pulp.grant_tasks is 'Grants all claims of waiting tasks.';
