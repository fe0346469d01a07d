-- The projection of tasks is what the SQL fold makes of the log.
select format('task %s: its row is not the SQL fold of its events', coalesce(t.id, (f.task).id)) as violation
from (
  select pulp.fold_task(e order by e.version) as task from pulp.event e where e.stream_kind = 'task' group by e.stream_id
) f
full join pulp.task t on t.id = (f.task).id
where t is distinct from f.task
