-- The events of a stream are numbered from 1 without gaps, in the order of their positions.
select format('%s %s: event number %s at position %s comes after number %s at position %s',
  stream_kind, stream_id, version, position, coalesce(before, 0), coalesce(position_before::text, '-')) as violation
from (
  select *, lag(version) over stream as before, lag(position) over stream as position_before
  from pulp.event where stream_kind <> 'heartbeat'
  window stream as (partition by stream_kind, stream_id order by version)
) e
where version <> coalesce(before, 0) + 1 or position < position_before
