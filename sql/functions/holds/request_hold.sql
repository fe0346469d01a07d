-- Stands in line for resources without a task, and gives the id of the hold. What is granted stays held until it is let go of, or its time
-- is over, or it gives no sign of life any more. Options: id (the same id is asked for once), reason, seconds (how long it is held at most, from
-- when it is granted), lease_seconds (30; null: it gives no signs of life, which then needs seconds), units (as a task asks for).
create or replace function pulp.request_hold(
  resources text[], shared_resources text[] default '{}', options jsonb default '{}'
) returns uuid
language plpgsql security definer set search_path = pulp, pg_temp as $$
#variable_conflict use_column
declare
  problem constant text := pulp.hold_problem(resources, shared_resources, options);
  lease double precision := 30;
  new_id uuid;
  claimed jsonb;
  known pulp.hold;
begin
  if problem is not null then
    raise exception '%', problem using errcode = 'PU004', hint = 'Correct this value; nothing was asked for.';
  end if;
  if options ? 'lease_seconds' then
    lease := options ->> 'lease_seconds';
  end if;
  new_id := coalesce((options ->> 'id')::uuid, pulp.new_id());
  if exists (
    select from pulp.event_single e where e.stream_kind = 'system' and e.stream_id = 'hold/' || new_id
  ) then
    return new_id;
  elsif exists (select from pulp.task t where t.id = new_id) then
    raise exception 'id: it is that of a task' using errcode = 'PU003', hint = 'Give an id of its own, or leave it out; nothing was asked for.';
  end if;
  claimed := pulp.enqueued_own('[]', '{}', to_jsonb(resources), pulp.with_units(to_jsonb(shared_resources), options -> 'units'));
  known := pulp.append_hold_event(null, new_id, 'HoldRequested', jsonb_build_object(
    'exclusive_resources', coalesce(claimed -> 'exclusive_resources', '[]'),
    'shared_resources', coalesce(claimed -> 'shared_resources', '[]'),
    'options', nullif(jsonb_strip_nulls(jsonb_build_object('units', pulp.named_units(options -> 'units'))), '{}'),
    'reason', options -> 'reason', 'seconds', (options ->> 'seconds')::numeric, 'lease_seconds', lease::numeric));
  insert into pulp.hold_lease (hold_id, lost_at)
    select known.id, clock_timestamp() + lease * interval '1 s' where lease is not null;
  insert into pulp.wakeup (task_id, claims)
    values (new_id, cardinality(known.exclusive_resources) + cardinality(known.shared_resources));
  perform pulp.notify('pulp_grant', '');
  return new_id;
exception
  when unique_violation then
    return new_id; -- somebody has asked for it with this id at the same moment
end $$;
comment on function pulp.request_hold is 'Stands in line for resources without a task; gives the id of the hold.';
