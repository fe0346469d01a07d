-- A task that is final became so by one event, its last; one that is not has none such.
select format('task %s is %s, and of its %s events %s end it, first number %s',
  t.id, coalesce(t.state, 'not there'), e.last, e.endings, coalesce(e.first_ending::text, '-')) as violation
from (
  select stream_id, max(version) as last,
    count(*) filter (where ends) as endings,
    min(version) filter (where ends) as first_ending
  from (
    select stream_id, version, type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled', 'TaskSkipped') as ends
    from pulp.event where stream_kind = 'task'
  ) x
  group by stream_id
) e
left join pulp.task t on t.id = e.stream_id::uuid
where e.endings <> (coalesce(t.state, 'waiting') in ('completed', 'failed', 'canceled', 'skipped'))::integer
  or e.endings = 1 and e.first_ending <> e.last
