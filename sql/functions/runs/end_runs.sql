-- Ends the runs of these locked tasks: appends how each ended, lets go of its claims, wakes the resource
-- manager for them, and defers what is to be tried again. Gives the claims let go of.
create or replace function pulp.end_runs(ids uuid[], types text[], facts jsonb[]) returns pulp.reservation[]
language plpgsql as $$
declare
  retried pulp.task[];
  claiming uuid[];
  released pulp.reservation[] := '{}';
begin
  select array_agg(a.task) filter (where (a.task).state = 'waiting'),
    array_agg((a.task).id) filter (where (a.task).exclusive_resources <> '{}' or (a.task).shared_resources <> '{}')
    into retried, claiming
    from pulp.append_task_events(ids, types, facts, release_claims => true) a;

  delete from pulp.running r where r.task_id = any (ids);

  if claiming is not null then
    with gone as (
      delete from pulp.reservation_granted g where g.task_id = any (claiming)
      returning g::pulp.reservation as claim
    ),
    woken as (
      insert into pulp.wakeup (resource, mode) select (claim).resource, (claim).mode from gone
    )
    select array_agg(claim) into released from gone;
    perform pg_notify('pulp_grant', '');
  end if;

  if retried is not null then
    perform pulp.defer(retried);
  end if;
  perform pg_notify('pulp_finished', '');
  return released;
end $$;
comment on function pulp.end_runs is 'Ends the runs of tasks and lets go of their claims.';
