-- Enqueues the task of a schedule now, beside its occurrences, whatever its state. Gives the task's id.
create or replace function pulp.run_schedule(name text) returns uuid
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  schedule constant pulp.schedule := pulp.own_schedule(name);
  task constant uuid := pulp.new_id();
begin
  perform pulp.enqueue_columns(items => jsonb_build_array(
    pulp.scheduled_item(schedule, task) - case when pulp.acts_for_all() then '' else 'owner' end));
  perform pulp.append_schedule_event(schedule, 'OccurrenceEnqueued', jsonb_build_object(
    'nominal_at', clock_timestamp(), 'task_id', task, 'next_at', schedule.next_at, 'by_hand', true));
  return task;
end $$;
comment on function pulp.run_schedule is 'Enqueues the task of a schedule now; gives its id.';
