-- One pass of the resource manager: puts deferred tasks that are due in line, looks at what came in and at what was let
-- go of, grants every task that may have all its claims, and delivers it. Its cost follows the number of changes, never
-- the length of the lines. A pass sees one state; whoever it grants conflicts with nobody else that it grants, because
-- the younger of two conflicting claims is behind the older one. Gives the number granted, whether there is more to look
-- at, and in how many seconds the next deferred task is due.
create or replace function pulp.grant_reservations(
  batch integer default 1000, out granted integer, out more boolean, out next_due_seconds double precision
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  candidates uuid[];
  grantable uuid[];
  locked uuid[];
  rows tid[];
  due uuid[];
begin
  granted := 0;
  perform pg_advisory_xact_lock(pulp.lock_class('grant'), 0);

  -- Deferred tasks that are due. A row that somebody else has locked stays for the next pass.
  select array_agg(d.task_id order by d.due_at, d.task_id) into due
    from (
      select d.task_id, d.due_at from pulp.deferred d
      where d.due_at <= clock_timestamp() order by d.due_at limit batch
      for update skip locked
    ) d;
  if due is not null then
    perform pulp.end_deferral(due);
  end if;

  -- What there is to look at. There is one pass at a time, so nobody else takes any of it.
  with taken as (
    delete from pulp.wakeup w where w.ctid = any (array(select x.ctid from pulp.wakeup x order by x.id limit batch))
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
  select (select count(*) from taken) >= batch or exists (select from continued), array(
      select task_id from taken where task_id is not null
      union select task_id from head where mode = 'exclusive'
      union select task_id from next_shared)
    into more, candidates;

  -- A claim is met if nobody holds the resource in a conflicting way and no older claim conflicts: two index probes,
  -- however long the lines are. Scalar subqueries keep it so: an EXISTS could be planned as a hash of a whole table.
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
    ) line
    where line.position is not null and line.unmet = 0
    order by line.position);

  if grantable <> '{}' then
    -- Whoever changes a task just now (a cancel in a caller's open transaction) is not waited for.
    select array_agg(t.id order by t.ordinality), array_agg(t.row order by t.ordinality) into locked, rows
      from (
        select g.ordinality, x.id, x.row from unnest(grantable) with ordinality as g(id, ordinality)
        cross join lateral (
          select t.id, t.ctid as row from pulp.task t where t.id = g.id and t.state = 'waiting'
          for no key update skip locked
        ) x
      ) t;
    granted := coalesce(cardinality(locked), 0);
    if granted < cardinality(grantable) then
      insert into pulp.wakeup (task_id) select unnest(grantable) except select unnest(locked);
    end if;
    if granted > 0 then
      perform pulp.grant_tasks(locked, rows);
    end if;
  end if;

  more := more or coalesce(cardinality(due), 0) >= batch;
  next_due_seconds := extract(epoch from (select min(d.due_at) from pulp.deferred d) - clock_timestamp());
end $$;
comment on function pulp.grant_reservations is 'One pass of the resource manager.';
