-- Nobody is granted a resource before an older conflicting claim that was in line by then. A claim is in line for others
-- once its transaction has committed, which the log does not say. It is certain here of claims from one transaction; of
-- claims that came due in a pass of the resource manager, for passes come one after the other; of claims whose run was
-- interrupted, for they were held until they were back in line, at their old place; of claims from one
-- connection, if it calls itself 'connection ...' (set pulp.actor) and commits one after the other; and of claims ten
-- seconds older than the grant.
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
  select e.*,
    lead(e.position) over stream as next_position,
    lead(e.type) over stream as next_type,
    lead(e.recorded_at) over stream as next_at
  from pulp.event e
  where e.stream_kind = 'task' and e.type in (
    'TaskEnqueued', 'TaskDue', 'TaskRequeued', 'TaskInterrupted', 'ReservationGranted', 'TaskCanceled', 'TaskSkipped')
  window stream as (partition by e.stream_id order by e.version)
),
stay as (
  select m.stream_id, m.type, m.tx, m.actor, m.recorded_at, m.position as came_at, c.resource, c.mode,
    case m.type when 'TaskInterrupted' then (m.data ->> 'position')::bigint else m.position end as line,
    coalesce(m.next_position, 9223372036854775807) as left_at,
    case m.next_type when 'ReservationGranted' then m.next_position end as granted,
    m.next_at as granted_at
  from moment m join claim c using (stream_id)
  where m.type in ('TaskDue', 'TaskRequeued', 'TaskInterrupted') or m.type = 'TaskEnqueued' and m.data ->> 'run_after' is null
),
suspect as (
  select * from (
    select stay.*,
      max(left_at) over older as older_left_at,
      max(left_at) filter (where mode = 'exclusive') over older as older_exclusive_left_at
    from stay
    window older as (partition by resource order by line rows between unbounded preceding and 1 preceding)
  ) s
  where granted < case mode when 'exclusive' then older_left_at else older_exclusive_left_at end
)
select format('task %s (%s) was overtaken on %s by task %s (%s), granted at position %s',
  older.stream_id, older.mode, older.resource, younger.stream_id, younger.mode, younger.granted) as violation
from suspect younger
join stay older on older.resource = younger.resource and older.line < younger.line and younger.granted between older.came_at and older.left_at
  and 'exclusive' in (older.mode, younger.mode)
  and (older.tx = younger.tx or older.type in ('TaskDue', 'TaskInterrupted')
    or older.actor = younger.actor and older.actor like 'connection %'
    or older.recorded_at < younger.granted_at - interval '10 s')
