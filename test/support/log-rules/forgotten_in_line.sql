-- Whoever could be granted is on the resource manager's list, or a resource that it claims is.
select format('task %s could be granted, and nothing tells the resource manager to look at it', t.id) as violation
from pulp.task t
where t.state = 'waiting'
  and exists (select from pulp.reservation_waiting claim where claim.task_id = t.id)
  and not exists (
    select from pulp.reservation_waiting claim
    join pulp.reservation other on other.resource = claim.resource and other.task_id <> t.id
      and 'exclusive' in (other.mode, claim.mode)
      and (other.state = 'granted' or other.position < claim.position)
    where claim.task_id = t.id)
  and not exists (
    select from pulp.wakeup w
    where w.task_id = t.id
      or exists (select from pulp.reservation_waiting claim where claim.task_id = t.id and claim.resource = w.resource))
