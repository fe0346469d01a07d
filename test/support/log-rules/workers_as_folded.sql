-- The projection of workers is what the SQL fold makes of the log. A heartbeat is of all workers that it names.
with told as (
  select stream_id as name, e from pulp.event e where stream_kind = 'worker'
  union all
  select name, e from pulp.event e cross join lateral jsonb_object_keys(e.data -> 'workers') as name
  where stream_kind = 'heartbeat'
)
select format('worker %s: its row is not the SQL fold of its events', coalesce(w.name, (f.worker).name)) as violation
from (
  select pulp.fold_worker(e order by (e).position) as worker from told group by name
) f
full join pulp.worker w on w.name = (f.worker).name
where w is distinct from f.worker
