-- A task with claims starts only while they are granted.
with moment as (
  select e.stream_id, e.type, e.position, e.version,
    lag(e.type) over (partition by e.stream_id order by e.version) as before
  from pulp.event e
  where e.stream_kind = 'task' and e.type in ('TaskEnqueued', 'ReservationGranted', 'ReservationReleased', 'TaskStarted')
)
select format('task %s started at position %s without its reservations', m.stream_id, m.position) as violation
from moment m
join pulp.event enqueued on enqueued.stream_kind = 'task' and enqueued.stream_id = m.stream_id and enqueued.version = 1
where m.type = 'TaskStarted' and m.before is distinct from 'ReservationGranted'
  and (enqueued.data -> 'exclusive_resources' <> '[]' or enqueued.data -> 'shared_resources' <> '[]')
