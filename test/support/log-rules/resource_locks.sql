-- A session holds the lock of a resource while a task that claims it runs there, and only then.
with held as (
  select l.pid, r.name as resource, l.objid, case l.mode when 'ExclusiveLock' then 'exclusive' else 'shared' end as mode
  from pg_locks l
  left join pulp.resource r on r.id = l.objid::bigint
  where l.locktype = 'advisory' and l.classid = pulp.lock_class('resource')::oid and l.objsubid = 2 and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
),
due as (
  select w.backend_pid as pid, g.resource, g.mode, g.task_id
  from pulp.running r
  join pulp.worker w on w.name = r.worker
  join pulp.reservation g on g.task_id = r.task_id and g.state = 'granted'
)
select format('session %s holds the %s lock of %s, and runs nothing that claims it', pid, mode, coalesce(resource, objid::text)) as violation
from held
where not exists (select from due where (due.pid, due.resource, due.mode) = (held.pid, held.resource, held.mode))
union all
select format('session %s runs task %s without the %s lock of %s', pid, task_id, mode, resource)
from due
where exists (select from pg_stat_activity a where a.pid = due.pid)
  and not exists (select from held where (held.pid, held.resource, held.mode) = (due.pid, due.resource, due.mode))
