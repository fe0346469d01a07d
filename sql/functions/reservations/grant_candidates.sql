-- Grants those of these tasks that may have all their claims now, and delivers them; gives how many. Two tasks that it grants never
-- conflict, because the younger of two conflicting claims is behind the older one. Runs under the lock of granting; a task whose row
-- somebody else has locked (a cancel in a caller's open transaction) is not waited for, but held back.
-- Steps: 1 leaves out what is paused or beyond limits  2 keeps tasks none of whose claims is in conflict  3 grants holds among them
-- 4 locks the tasks  5 routes them to queues  6 grants (grant_tasks)  7 delivers.
create or replace function pulp.grant_candidates(candidates uuid[]) returns integer
language plpgsql as $$
declare
  grantable uuid[];
  locked uuid[];
  rows tid[];
  queues_before text[];
  queues text[];
begin
  -- A task that claims a paused resource is looked at again when the pause ends.
  if exists (select from pulp.pause p where p.kind = 'resource') then
    candidates := array(
      select c.id from unnest(candidates) as c(id)
      where not exists (
        select from pulp.reservation_waiting w where w.task_id = c.id and w.resource = any (pulp.paused('resource'))));
  end if;

  if exists (select from pulp.resource_limit) then
    candidates := pulp.within_limits(candidates);
  end if;

  -- A claim is met if nobody holds the resource in a conflicting way and no older claim conflicts: two index probes,
  -- however long the wait queues are. Scalar subqueries keep it so: an EXISTS could be planned as a hash of a whole table.
  grantable := array(
    select c.id from unnest(candidates) as c(id)
    cross join lateral (
      select min(claim.position) as position, count(*) filter (where case claim.mode
          when 'exclusive' then
            (select 1 from pulp.reservation_granted holder where holder.resource = claim.resource limit 1) is not null
            or claim.position > (select older.position from pulp.reservation_waiting older
              where older.resource = claim.resource order by older.position limit 1)
          else
            (select 1 from pulp.reservation_granted holder
              where holder.resource = claim.resource and holder.mode = 'exclusive' limit 1) is not null
            or claim.position > (select older.position from pulp.reservation_waiting older
              where older.resource = claim.resource and older.mode = 'exclusive' order by older.position limit 1)
        end) as unmet
      from pulp.reservation_waiting claim where claim.task_id = c.id
    ) claims
    where claims.position is not null and claims.unmet = 0
    order by claims.position);
  if exists (select from pulp.hold) then
    grantable := array(select unnest(grantable) except select unnest(pulp.grant_holds(grantable)));
  end if;
  if grantable = '{}' then
    return 0;
  end if;

  select array_agg(t.id order by t.ordinality), array_agg(t.row order by t.ordinality), array_agg(t.queue order by t.ordinality)
    into locked, rows, queues_before
    from (
      select g.ordinality, x.id, x.row, x.queue from unnest(grantable) with ordinality as g(id, ordinality)
      cross join lateral (
        select t.id, t.ctid as row, t.queue from pulp.task t where t.id = g.id and t.state = 'waiting'
        for no key update skip locked
      ) x
    ) t;
  if coalesce(cardinality(locked), 0) < cardinality(grantable) then
    perform pulp.hold_back(busy.id, 'grant', '55P03', 'its row is locked by ' || coalesce(pulp.row_holder(busy.id), 'another transaction'))
      from (select unnest(grantable) except select unnest(locked)) as busy(id);
    -- If a worker's turn has locked them, what they would have been granted is there for those who follow.
    if exists (select from pulp.resource_limit) then
      insert into pulp.wakeup (resource, mode)
        select distinct w.resource, 'exclusive' from (select unnest(grantable) except select unnest(locked)) as busy(id)
        join pulp.reservation_waiting w on w.task_id = busy.id join pulp.resource_limit l on l.resource = w.resource;
    end if;
  end if;
  if locked is null then
    return 0;
  end if;
  queues := pulp.route_tasks(locked);
  if queues <> queues_before then
    perform pulp.count_reroutes(locked, queues, 'blocked');
  end if;
  perform pulp.grant_tasks(locked, rows, queues);
  perform pulp.deliver(locked);
  return cardinality(locked);
end $$;
comment on function pulp.grant_candidates is 'Grants those of these tasks that may have all their claims now.';
