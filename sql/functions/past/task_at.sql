-- Tasks as they were at a time: what had been recorded by then (recorded_at <= at) and all that it followed from. An
-- event is recorded shortly before its transaction commits, so a task may be seen here a moment earlier than anybody
-- could read it; one whose transaction was rolled back is never seen. The log is all that is looked at: a task that was
-- purged since is seen as long as its events are kept, and a stream whose beginning is gone tells of no task. In a caller's query this is
-- planned as if it stood there.
create or replace function pulp.task_at(at timestamptz) returns setof pulp.task
language sql stable as $$
  select (told.task).*
  from (
    select pulp.fold_task(e.event order by (e.event).version) as task
    from (
      -- Where the clock was set back, an event counts once all before it do.
      select x as event, row_number() over (partition by x.stream_id order by x.version) as ordinal
      from pulp.event x where x.stream_kind = 'task' and x.recorded_at <= task_at.at
    ) e
    where (e.event).version = e.ordinal
    group by (e.event).stream_id
  ) told
  where (told.task).id is not null
$$;
comment on function pulp.task_at(timestamptz) is 'All tasks as they were at a time, folded from what was recorded by then.';
