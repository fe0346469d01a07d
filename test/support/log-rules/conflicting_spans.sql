-- On one resource nothing else runs beside an exclusive run, and nothing else is reserved beside an exclusive reservation.
-- Who starts after another has ended has a greater position: it could not start before it saw that end.
with claim as (
  select e.stream_id, c.resource, c.mode
  from pulp.event e
  cross join lateral (
    select resource, 'exclusive' from jsonb_array_elements_text(e.data -> 'exclusive_resources') as resource
    union all
    select resource, 'shared' from jsonb_array_elements_text(e.data -> 'shared_resources') as resource
  ) c (resource, mode)
  where e.stream_kind = 'task' and e.type = 'TaskEnqueued'
),
moment as (
  select e.stream_id, e.version, e.position, k.kind, e.type = k.opening as opens
  from pulp.event e
  join (values
    ('run', 'TaskStarted', '{TaskCompleted,TaskFailed,TaskCanceled,TaskRetryScheduled}'::text[]),
    ('reservation', 'ReservationGranted', '{ReservationReleased,TaskCompleted,TaskFailed,TaskCanceled}')
  ) k (kind, opening, closing) on e.type = k.opening or e.type = any (k.closing)
  where e.stream_kind = 'task'
),
span as (
  select stream_id, kind, opens, position as starts,
    coalesce(lead(position) over (partition by stream_id, kind order by version), 9223372036854775807) as ends
  from moment
),
beside as (
  select s.*, c.resource, c.mode,
    max(s.ends) over earlier as latest_end,
    max(s.ends) filter (where c.mode = 'exclusive') over earlier as latest_exclusive_end
  from span s join claim c using (stream_id)
  where s.opens
  window earlier as (partition by c.resource, s.kind order by s.starts rows between unbounded preceding and 1 preceding)
)
select format('a second %s on %s: task %s (%s) at position %s', kind, resource, stream_id, mode, starts) as violation
from beside
where case mode when 'exclusive' then latest_end else latest_exclusive_end end > starts
