-- Takes these rows off the work list of granting (pulp.wakeup), and gives the tasks that may be grantable because of them: new tasks, and
-- those at the front of the wait queue of each released resource: its first claim if that is exclusive, else all shared claims before the
-- first exclusive one. Of a resource with a capacity or a rate, those that are admitted by it. Says whether there is more of them, which
-- it leaves on the work list. The front of a wait queue is read by an index; its length does not matter.
create or replace function pulp.take_wakeups(rows tid[], batch integer, out candidates uuid[], out more boolean)
language plpgsql as $$
declare
  within_limits uuid[] := '{}';
begin
  if exists (select from pulp.resource_limit) then
    with released as (
      delete from pulp.wakeup w
      where w.ctid = any (rows) and (select 1 from pulp.resource_limit l where l.resource = w.resource) is not null
      returning w.resource
    )
    select coalesce(array_agg(a.task_id), '{}') into within_limits
      from (select distinct x.resource from released x) x
      cross join lateral (select y as known from pulp.resource_limit y where y.resource = x.resource offset 0) l
      cross join lateral pulp.admitted(l.known) a;
  end if;

  with work as (
    delete from pulp.wakeup w where w.ctid = any (rows)
    returning w.*
  ),
  released as materialized (
    select resource, bool_or(mode = 'exclusive') as was_exclusive, min(coalesce(after_position, 0)) as after_position
    from work where resource is not null group by resource
  ),
  front as materialized (
    select released.*, first.task_id, first.mode
    from released
    cross join lateral (
      select w.task_id, w.mode from pulp.reservation_waiting w
      where w.resource = released.resource order by w.position limit 1
    ) first
  ),
  front_sharer as materialized (
    -- The shared claims at the front of the wait queue. Releasing a shared claim never unblocks another shared one.
    select sharer.*, front.resource, count(*) over (partition by front.resource) as number
    from front
    cross join lateral (
      select w.task_id, w.position from pulp.reservation_waiting w
      where w.resource = front.resource and w.mode = 'shared' and w.position > front.after_position
        and w.position < coalesce((
          select min(x.position) from pulp.reservation_waiting x
          where x.resource = front.resource and x.mode = 'exclusive'), 9223372036854775807)
      order by w.position limit batch
    ) sharer
    where front.mode = 'shared' and front.was_exclusive
  ),
  continued as (
    insert into pulp.wakeup (resource, mode, after_position)
    select resource, 'exclusive', max(position) from front_sharer where number >= batch group by resource
    returning id
  )
  select exists (select from continued), array(
      select task_id from work where task_id is not null
      union select task_id from front where mode = 'exclusive'
      union select task_id from front_sharer
      union select unnest(within_limits))
    into more, candidates;

  -- A task that is held back has a turn of its own.
  if exists (select from pulp.held_back) then
    candidates := array(
      select c.id from unnest(candidates) as c(id)
      where (select 1 from pulp.held_back h where h.task_id = c.id) is null);
  end if;
end $$;
comment on function pulp.take_wakeups is 'Takes rows off the list of what there is to look at, and gives the tasks that may be grantable.';
