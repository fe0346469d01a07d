-- Who comes next on what a worker let go of, where the worker can start them at once: the first in line, if it claims this resource
-- alone and exclusively (or those whom the units are enough for, of a resource with a capacity), and would be delivered to a queue of this worker. All others are left to the resource manager, to which it
-- needs no turn: the resource is held until this transaction commits, so that nobody else grants it. With other workers that do the
-- same work, it takes its share of them only, so that they don't stand idle: "at_most" are the slots that are free. Where reserved
-- workers are online, none but they have successors: routing is the manager's. Gives the tasks, locked, with the queues that they
-- count as delivered to, and their claims.
create or replace function pulp.successors(
  worker text, queues text[], task_types text[], released pulp.reservation[], at_most integer,
  out ids uuid[], out rows tid[], out attempts integer[], out versions integer[], out correlation_ids text[], out destinations text[],
  out claims pulp.reservation[]
)
language plpgsql as $$
declare
  is_reserved constant boolean := pulp.is_reserved_worker(worker);
  lines text[] := array(select distinct claim.resource from unnest(released) as claim);
  handed_on pulp.reservation[] := '{}'; -- of resources with a capacity
  peers bigint;
  successions double precision;
  are_hands_free boolean;
  share integer;
begin
  if not is_reserved and exists (select from pulp.worker w where w.state = 'online' and pulp.is_reserved_worker(w.name)) then
    return;
  end if;
  select count(*), bool_or(w.name = successors.worker and w.concurrency <= at_most) into peers, are_hands_free
    from pulp.worker w
    where w.state = 'online' and w.unable is null and w.draining is null and w.queues && successors.queues and w.task_types && successors.task_types;
  if exists (select from pulp.resource_limit) then
    handed_on := pulp.units_handed_on(released);
    lines := array(select unnest(lines) except select l.resource from pulp.resource_limit l);
  end if;
  successions := cardinality(lines) + cardinality(handed_on);
  share := case when are_hands_free then ceil(successions / peers) else floor(successions / greatest(peers, 1) + random()) end;

  with first as materialized (
    select head.claim, head.task_id
    from (select resource from unnest(lines) as resource limit least(share, at_most)) line
    cross join lateral (
      select w::pulp.reservation as claim, w.task_id, w.mode from pulp.reservation_waiting w
      where w.resource = line.resource order by w.position limit 1
    ) head
    where head.mode = 'exclusive'
      and (select 1 from pulp.reservation_granted holder where holder.resource = line.resource limit 1) is null
      and (select 1 from pulp.held_back h where h.task_id = head.task_id) is null
    union all
    (select next::pulp.reservation, next.task_id from unnest(handed_on) as next limit greatest(0, least(share, at_most) - cardinality(lines)))
  )
  select array_agg(t.id), array_agg(t.row), array_agg(t.attempt), array_agg(t.version + 1), array_agg(t.correlation_id),
      array_agg(case when is_reserved then successors.worker else t.queue end), array_agg(first.claim)
    into ids, rows, attempts, versions, correlation_ids, destinations, claims
    from first cross join lateral (
      select x.id, x.ctid as row, x.attempt, x.version, x.correlation_id, x.queue from pulp.task x
      -- It may be that the manager has just granted it what was free beside.
      where x.id = first.task_id and x.state = 'waiting' and x.unblocked_at is null
        and pulp.job_kind(x.name, x.options) = any (successors.task_types)
        and cardinality(x.exclusive_resources) + cardinality(x.shared_resources) = 1
        and (x.queue = any (successors.queues) or is_reserved and x.queue = 'default')
      for no key update skip locked
    ) t;
end $$;
comment on function pulp.successors is 'Who comes next on what a worker let go of, where the worker can start them at once.';
