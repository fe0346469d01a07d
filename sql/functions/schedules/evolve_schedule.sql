-- What an event does to a schedule: the only place that says so. Null: there is none.
create or replace function pulp.evolve_schedule(schedule pulp.schedule, event pulp.event) returns pulp.schedule
language plpgsql immutable parallel safe as $$
declare
  data constant jsonb := event.data;
begin
  if event.version <> coalesce(schedule.version, event.version - 1) + 1 then
    raise exception 'event % of % cannot follow its version %', event.version, event.stream_id, schedule.version
      using errcode = 'PU008', hint = 'The log has a gap or an event was folded twice.';
  end if;
  case event.type
    when 'ScheduleCreated' then
      schedule.name := data ->> 'name';
      schedule.kind := data ->> 'kind';
      schedule.rule := data ->> 'rule';
      schedule.time_zone := data ->> 'time_zone';
      schedule.starts_at := pulp.recorded_time(data -> 'starts_at');
      schedule.until := pulp.recorded_time(data -> 'until');
      schedule.overlap := data ->> 'overlap';
      schedule.catch_up := data ->> 'catch_up';
      schedule.item := data -> 'item';
      schedule.owner := data ->> 'owner';
      schedule.state := 'active';
      schedule.changed_at := event.recorded_at;
      schedule.changed_by := event.actor;
      schedule.next_at := pulp.recorded_time(data -> 'next_at');
      schedule.enqueued := 0;
      schedule.skipped := 0;
      schedule.created_at := event.recorded_at;
    when 'SchedulePaused', 'ScheduleResumed' then
      if event.type = 'SchedulePaused' and schedule.state <> 'paused' then
        schedule.paused_at := event.recorded_at;
      end if;
      schedule.state := case event.type when 'SchedulePaused' then 'paused' else 'active' end;
      schedule.reason := data ->> 'reason';
      schedule.changed_at := event.recorded_at;
      schedule.changed_by := event.actor;
    when 'OccurrenceEnqueued' then
      schedule.last_task := (data ->> 'task_id')::uuid;
      schedule.enqueued := schedule.enqueued + 1;
      if not (data ->> 'by_hand')::boolean then
        schedule.last_at := pulp.recorded_time(data -> 'nominal_at');
        schedule.next_at := pulp.recorded_time(data -> 'next_at');
      end if;
    when 'OccurrenceSkipped' then
      schedule.skipped := schedule.skipped + (data ->> 'count')::bigint;
      schedule.last_at := pulp.recorded_time(data -> 'last_at');
      schedule.next_at := pulp.recorded_time(data -> 'next_at');
    when 'ScheduleDeleted' then
      return null;
    else
      raise exception 'unknown event type % on %', event.type, event.stream_id
        using errcode = 'PU008', hint = 'It was written by a newer version: upgrade, then fold again.';
  end case;
  if schedule.next_at is null then
    schedule.state := 'ended';
  end if;
  schedule.version := event.version;
  return schedule;
end $$;
comment on function pulp.evolve_schedule is 'What an event does to a schedule.';
