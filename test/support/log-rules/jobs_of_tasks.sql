-- A waiting task whose time has come and that has all its reservations, or claims nothing, has one job, which says what
-- the task says; no other job is there. pg-boss has queues of its own.
select format('task %s (%s%s) has %s jobs%s', coalesce(t.id, j.id), coalesce(t.state, 'not there'),
  case when t.deliverable then ', deliverable' else '' end, coalesce(j.jobs, 0),
  case when j.id is null then '' else format(', one in %s as %s', j.queue, j.state) end) as violation
from (
  select id, queue, name, priority, state, state = 'waiting'
    and not exists (select from pulp.deferred d where d.task_id = task.id) and (
      exclusive_resources = '{}' and shared_resources = '{}'
      or exists (select from pulp.reservation r where r.task_id = task.id and r.state = 'granted')) as deliverable
  from pulp.task
) t
full join (
  select id, count(*) as jobs, min(name) as queue, min(data ->> 'name') as task_name, min(priority) as priority,
    min(state::text) as state
  from pgboss.job where name not like '\_\_pgboss%' group by id
) j on j.id = t.id
where coalesce(t.deliverable, false) <> (j.id is not null)
  or j.jobs > 1
  or j.id is not null and (j.queue, j.task_name, j.priority, j.state) is distinct from (t.queue, t.name, t.priority, 'created')
