-- Runs of a task are counted from 1, and each has a greater token than the one before: so have births of a worker's name.
select format('task %s: its start at position %s says attempt %s, and is the one after attempt %s at position %s',
  stream_id, position, data ->> 'attempt', coalesce(before, 0), coalesce(fence_before::text, '-')) as violation
from (
  select stream_id, position, data, (lag(data) over runs ->> 'attempt')::integer as before, lag(position) over runs as fence_before
  from pulp.event where stream_kind = 'task' and type = 'TaskStarted'
  window runs as (partition by stream_id order by version)
) e
where (data ->> 'attempt')::integer is distinct from coalesce(before, 0) + 1 or position < fence_before
union all
select format('worker %s: its birth at position %s follows one at position %s', stream_id, position, incarnation_before)
from (
  select stream_id, position, lag(position) over (partition by stream_id order by version) as incarnation_before
  from pulp.event where stream_kind = 'worker' and type = 'WorkerOnline'
) e
where position < incarnation_before
