-- A task has all its claims in line, or all granted, or none of them anywhere: final tasks none, running ones all
-- granted, waiting ones none only until they are due. What is not waiting is not deferred.
select format('task %s (%s, %s claims) has %s claims in line, %s granted%s', coalesce(t.id, r.task_id, d.task_id),
  coalesce(t.state, 'not there'), coalesce(t.claims, 0), coalesce(r.waiting, 0), coalesce(r.granted, 0),
  case when d.task_id is not null then ', and is deferred' else '' end) as violation
from (
  select id, state, cardinality(exclusive_resources) + cardinality(shared_resources) as claims from pulp.task
) t
full join (
  select task_id, count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'granted') as granted
  from pulp.reservation group by task_id
) r on r.task_id = t.id
full join pulp.deferred d on d.task_id = t.id
where (case
    when t.state = 'waiting' and t.claims > 0 then
      case
        when d.task_id is not null then r.task_id is null
        else t.claims in (r.waiting, r.granted) and 0 in (r.waiting, r.granted)
      end
    when t.state in ('running', 'canceling') and t.claims > 0 then r.granted = t.claims and r.waiting = 0 and d.task_id is null
    when t.state = 'waiting' then r.task_id is null
    when t.id is not null then r.task_id is null and d.task_id is null
  end) is not true
