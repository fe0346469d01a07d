-- A start and an end each rewrite the row of a task, and while other transactions go on nothing of a page is free again between the two: with
-- half of it free, a third of all rewrites had to move to another page, with an entry in every index.
alter table pulp.task set (fillfactor = 33);

-- They are told what the worker had in hand.
drop function if exists pulp.report_worker_death(text, bigint, boolean);
drop function if exists pulp.end_worker(pulp.worker, text, boolean);
drop function if exists pulp.recover_runs(text);

-- What was due before a schedule was paused is not skipped for that.
alter table pulp.schedule add column paused_at timestamptz;
comment on column pulp.schedule.paused_at is 'When it was paused the last time; null: it never was.';
comment on column pulp.schedule.changed_at is 'When it was made, paused or resumed.';
update pulp.schedule s set paused_at = (
  select e.recorded_at
  from (
    -- Of each that follows no other: paused anew, it has been paused since then.
    select p.recorded_at, p.version, lag(p.type) over (order by p.version) as before, p.type
    from pulp.event_single p
    where p.stream_kind = 'system' and p.stream_id = 'schedule/' || s.name and p.type in ('ScheduleCreated', 'SchedulePaused', 'ScheduleResumed')
  ) e
  where e.type = 'SchedulePaused' and e.before <> 'SchedulePaused' and e.recorded_at >= s.created_at
  order by e.version desc limit 1);
