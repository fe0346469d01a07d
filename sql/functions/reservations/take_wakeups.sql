-- Takes these rows off the list of what there is to look at, and gives the tasks that may be grantable by them: those that
-- came in, and the first in line of what was let go of. Says whether more is to be looked at because of them.
create or replace function pulp.take_wakeups(rows tid[], batch integer, out candidates uuid[], out more boolean)
language plpgsql as $$
declare
  within_limits uuid[] := '{}';
begin
  if exists (select from pulp.resource_limit) then
    with let_go as (
      delete from pulp.wakeup w
      where w.ctid = any (rows) and (select 1 from pulp.resource_limit l where l.resource = w.resource) is not null
      returning w.resource
    )
    select coalesce(array_agg(a.task_id), '{}') into within_limits
      from (select distinct x.resource from let_go x) x
      cross join lateral (select y as known from pulp.resource_limit y where y.resource = x.resource offset 0) l
      cross join lateral pulp.admitted(l.known) a;
  end if;

  with taken as (
    delete from pulp.wakeup w where w.ctid = any (rows)
    returning w.*
  ),
  let_go as materialized (
    select resource, bool_or(mode = 'exclusive') as was_exclusive, min(coalesce(after_position, 0)) as after_position
    from taken where resource is not null group by resource
  ),
  head as materialized (
    select let_go.*, first.task_id, first.mode
    from let_go
    cross join lateral (
      select w.task_id, w.mode from pulp.reservation_waiting w
      where w.resource = let_go.resource order by w.position limit 1
    ) first
  ),
  next_shared as materialized (
    -- The run of sharers at the front of the line. One that let go of a share cannot have held any of them up.
    select run.*, head.resource, count(*) over (partition by head.resource) as run_length
    from head
    cross join lateral (
      select w.task_id, w.position from pulp.reservation_waiting w
      where w.resource = head.resource and w.mode = 'shared' and w.position > head.after_position
        and w.position < coalesce((
          select min(x.position) from pulp.reservation_waiting x
          where x.resource = head.resource and x.mode = 'exclusive'), 9223372036854775807)
      order by w.position limit batch
    ) run
    where head.mode = 'shared' and head.was_exclusive
  ),
  continued as (
    insert into pulp.wakeup (resource, mode, after_position)
    select resource, 'exclusive', max(position) from next_shared where run_length >= batch group by resource
    returning id
  )
  select exists (select from continued), array(
      select task_id from taken where task_id is not null
      union select task_id from head where mode = 'exclusive'
      union select task_id from next_shared
      union select unnest(within_limits))
    into more, candidates;

  -- What is held back has a turn of its own.
  if exists (select from pulp.held_back) then
    candidates := array(
      select c.id from unnest(candidates) as c(id)
      where (select 1 from pulp.held_back h where h.task_id = c.id) is null);
  end if;
end $$;
comment on function pulp.take_wakeups is 'Takes rows off the list of what there is to look at, and gives the tasks that may be grantable.';
