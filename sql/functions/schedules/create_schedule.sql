-- Makes a schedule. The definition is an object with the keys name, kind, rule, time_zone, starts_at, until, overlap, catch_up, and item,
-- which has the keys of pulp.enqueue_batch; next_at is its first occurrence, which the caller works out, as the leader does those
-- that follow. What is to be enqueued is tried, and taken back, so that whatever would be refused is refused now.
create or replace function pulp.create_schedule(definition jsonb, next_at timestamptz) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
#variable_conflict use_column
declare
  given jsonb := jsonb_build_object('time_zone', 'UTC', 'starts_at', clock_timestamp(), 'until', null, 'overlap', 'skip', 'catch_up', 'one')
    || definition;
  starts_at constant timestamptz := pulp.recorded_time(given -> 'starts_at');
  until constant timestamptz := pulp.recorded_time(given -> 'until');
  schedule_name constant text := given ->> 'name';
  item constant jsonb := given -> 'item';
  problem text;
  event pulp.event;
begin
  problem := case
    when pulp.is_name(schedule_name) is not true then 'name: must start with a letter and have at most 128 letters, digits and characters of _.:@-'
    when given - array['name', 'kind', 'rule', 'time_zone', 'starts_at', 'until', 'overlap', 'catch_up', 'item'] <> '{}' then 'unknown key'
    when (given ->> 'kind' in ('cron', 'rrule', 'every')) is not true then 'kind: must be cron, rrule or every'
    when (given ->> 'overlap' in ('skip', 'queue', 'cancel-previous')) is not true then 'overlap: must be skip, queue or cancel-previous'
    when (given ->> 'catch_up' in ('none', 'one', 'all')) is not true then 'catch_up: must be none, one or all'
    when (octet_length(given ->> 'rule') between 1 and 1024) is not true then 'rule: must be a text of 1 to 1024 bytes'
    when jsonb_typeof(item) is distinct from 'object' then 'item: must be an object'
    when item ?| pulp.enqueue_keys('single') then
      format('item: %s cannot be given for all occurrences alike', array_to_string(pulp.enqueue_keys('single'), ', '))
    when given ->> 'overlap' <> 'skip' and jsonb_array_length(jsonb_path_query_array(item, '$.resources[*]')
      || jsonb_path_query_array(item, '$.shared_resources[*]')) > 255 then
      'item: a task may claim at most 255 resources where its schedule adds one'
    when (starts_at >= '0001-01-01 00:00:00Z' and starts_at < '10000-01-01 00:00:00Z') is not true then
      'starts_at: must be a point in time of the years 1 to 9999'
    when until >= '10000-01-01 00:00:00Z' then 'until: must be a point in time of the years 1 to 9999'
    when until <= clock_timestamp() then 'until: is not in the future'
    when next_at is null then 'it never comes: the rule and its end leave no occurrence'
    when exists (select from pulp.task_type t where t.name = item ->> 'name' and t.schema ? 'secrets') then
      'a task type with secrets cannot be scheduled: they are encrypted for one task alone' end;
  if problem is not null then
    raise exception '%', problem using errcode = 'PU004', hint = 'Correct this value; nothing was written.';
  elsif exists (select from pulp.schedule s where s.name = schedule_name) then
    raise exception 'there is a schedule "%" already', schedule_name using errcode = 'PU028',
      hint = 'Delete it first, or take another name; nothing was written.';
  end if;
  begin
    perform pulp.enqueue_columns(item);
    raise exception using errcode = 'PU009';
  exception
    when sqlstate 'PU009' then null;
  end;

  given := given || jsonb_build_object('starts_at', starts_at, 'until', until); -- as all times in the log are written, and with their offset
  event := pulp.append_system_event(pulp.schedule_stream(schedule_name), 'ScheduleCreated',
    given || jsonb_build_object('owner', pulp.actor(), 'next_at', next_at, 'item', item - 'unchecked'));
  insert into pulp.schedule select (pulp.evolve_schedule(null, event)).*;
  perform pulp.notify('pulp_grant', 'schedules');
exception
  when unique_violation then
    raise exception 'there is a schedule "%" already', schedule_name using errcode = 'PU028', hint = 'Somebody else made it at this moment.';
end $$;
comment on function pulp.create_schedule is 'Makes a schedule.';
