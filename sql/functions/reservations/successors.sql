-- Who comes next on what a worker let go of, where the worker can start them at once: the first in line, if it claims this resource
-- alone and exclusively (or those whom the units are enough for, of a resource with a capacity), and would be delivered to a queue of this
-- worker. All others are left to the resource manager, to which it needs no turn: the resource is held until this transaction commits, so that
-- nobody else grants it. With other workers that do the same work, it takes as many only as leave each with its share of what runs, by its
-- slots, so that they don't stand idle: "at_most" are the slots that are free here. Where reserved workers are online, none but they have
-- successors: routing is the manager's. Gives the tasks, locked, with the queues that they count as delivered to, and their claims.
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
  many constant integer := 8; -- successions, for which it pays to count what runs
  most_counted constant integer := 10000;
  peers text[];
  slots bigint;
  own_slots bigint;
  some_reserved boolean;
  some_limited boolean;
  running bigint;
  own_running bigint;
  successions double precision;
  share integer;
begin
  select array_agg(w.name) filter (where w.is_peer), sum(w.concurrency) filter (where w.is_peer),
      sum(w.concurrency) filter (where w.is_peer and w.name = successors.worker),
      coalesce(bool_or(pulp.is_reserved_worker(w.name)), false), exists (select from pulp.resource_limit)
    into peers, slots, own_slots, some_reserved, some_limited
    from (
      select x.name, x.concurrency, x.unable is null and x.draining is null and x.queues && successors.queues
        and x.task_types && successors.task_types as is_peer
      from pulp.worker x where x.state = 'online' offset 0
    ) w;
  if some_reserved and not is_reserved then
    return;
  end if;
  if some_limited then
    handed_on := pulp.units_handed_on(released);
    lines := array(select unnest(lines) except select l.resource from pulp.resource_limit l);
  end if;
  successions := cardinality(lines) + cardinality(handed_on);
  if cardinality(peers) = 1 then
    share := successions;
  elsif successions >= many then
    select count(*), count(*) filter (where r.worker = successors.worker) into running, own_running
      from (select r.worker from pulp.running r where r.worker = any (peers) limit most_counted) r;
    share := case when running = most_counted then successions
      else greatest(0, round((running + successions) * own_slots / slots - own_running)) end;
  elsif own_slots <= at_most then -- nothing runs here
    share := ceil(successions / cardinality(peers));
  else
    share := floor(successions / greatest(cardinality(peers), 1) + random());
  end if;

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
