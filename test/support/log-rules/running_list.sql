-- What is running is in the hands of the worker that its row names, and that worker is online.
select format('task %s (%s by %s) is listed as running by %s, which is %s', coalesce(t.id, r.task_id),
  coalesce(t.state, 'not running'), coalesce(t.worker, 'nobody'), coalesce(r.worker, 'nobody'),
  coalesce(w.state, 'not there')) as violation
from pulp.running r
full join (select * from pulp.task where state in ('running', 'canceling')) t on t.id = r.task_id
left join pulp.worker w on w.name = r.worker
where r.worker is distinct from t.worker or w.state is distinct from 'online'
