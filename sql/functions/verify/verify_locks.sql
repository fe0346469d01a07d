-- Rule resource_locks: a session holds the lock of a resource while a task that claims it runs there, and only then. Locks
-- follow no snapshot, and are taken before the start commits: so only sessions are judged that rest, before, while and
-- after their locks and tasks are looked at. In READ COMMITTED only: each look has to be a new one.
create or replace function pulp.verify_locks() returns setof pulp.violation
language plpgsql security definer set search_path = pulp, pg_temp set jit = off as $$
declare
  resting_before integer[];
  since timestamptz[];
  found pulp.violation[];
begin
  perform pg_stat_clear_snapshot();
  select array_agg(a.pid), array_agg(a.state_change) into resting_before, since
    from pg_stat_activity a where a.state = 'idle' and a.datname = current_database();

  with held as materialized (
    select l.pid, l.objid::bigint as number, r.name as resource, case l.mode when 'ExclusiveLock' then 'exclusive' else 'shared' end as mode
    from pg_locks l
    left join pulp.resource r on r.id = l.objid::bigint
    where l.locktype = 'advisory' and l.classid = pulp.lock_class('resource')::oid and l.objsubid = 2 and l.granted
      and l.database = (select oid from pg_database where datname = current_database())
      and l.pid = any (resting_before)
  ),
  due as materialized (
    select w.backend_pid as pid, g.resource, g.mode, g.task_id
    from pulp.running r
    join pulp.worker w on w.name = r.worker
    join pulp.reservation_granted g on g.task_id = r.task_id
    where w.backend_pid = any (resting_before)
  )
  select array_agg(v) into found
    from (
      select row('resource_locks', null, coalesce(resource, number::text),
        format('session %s holds its %s lock, and runs nothing that claims it', pid, mode), null,
        jsonb_build_object('pid', pid, 'mode', mode))::pulp.violation as v
      from held
      where not exists (select from due where (due.pid, due.resource, due.mode) = (held.pid, held.resource, held.mode))
      union all
      select row('resource_locks', 'task', task_id::text,
        format('session %s runs it without the %s lock of %s', pid, mode, resource),
        jsonb_build_object('pid', pid, 'mode', mode), null)::pulp.violation
      from due
      where not exists (select from held where (held.pid, held.resource, held.mode) = (due.pid, due.resource, due.mode))
    ) v;

  perform pg_stat_clear_snapshot();
  return query
    select f.* from unnest(found) f
    where exists (
      select from pg_stat_activity a
      join unnest(resting_before, since) before (pid, state_change) using (pid, state_change)
      where a.state = 'idle' and a.pid = (coalesce(f.expected, f.actual) -> 'pid')::integer);
end $$;
comment on function pulp.verify_locks is 'Whether sessions hold the locks of what they run, and no other.';
