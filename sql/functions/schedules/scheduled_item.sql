-- What is enqueued for an occurrence of a schedule. Where occurrences are not to overlap, each claims a resource that the schedule's
-- tasks have in common, so that they come one after the other.
create or replace function pulp.scheduled_item(schedule pulp.schedule, id uuid) returns jsonb
language sql stable as $$
  select schedule.item || jsonb_build_object('id', id, 'owner', schedule.owner, 'unchecked', true, 'unique', false)
    || case when schedule.overlap = 'skip' then '{}' else jsonb_build_object('resources',
      coalesce(nullif(schedule.item -> 'resources', 'null'), '[]') || to_jsonb(format('/pulp/schedules/%s/', schedule.name))) end
$$;
comment on function pulp.scheduled_item is 'What is enqueued for an occurrence of a schedule.';
