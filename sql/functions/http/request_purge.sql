-- Enqueues a task that purges, on behalf of whoever may purge; gives its id, by which it is asked for once. It goes to a queue of a worker that is online and knows
-- how, rather to that of the resource managers.
create or replace function pulp.request_purge(
  finished_before timestamptz, states text[], correlation_id text default null, id uuid default null
) returns uuid
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  task constant uuid := coalesce(request_purge.id, pulp.new_id());
  queue text;
begin
  if states is null or states = '{}' or not states <@ '{completed,failed,canceled,skipped}' then
    raise exception 'states: only completed, failed, canceled and skipped tasks can be purged' using errcode = 'PU004',
      hint = 'Give final states.';
  elsif finished_before is null then
    raise exception 'finished_before: is missing' using errcode = 'PU004', hint = 'Give a time.';
  end if;
  select q into queue
    from pulp.worker w cross join unnest(w.queues) q
    where w.state = 'online' and 'pulp.purge' = any (w.task_types)
    order by q = 'resource-manager' desc, q = 'default' desc, q limit 1;
  delete from pulp.purge_request r where not exists (select from pulp.task t where t.id = r.task_id);
  insert into pulp.purge_request (task_id, finished_before, states, requested_by)
    values (task, request_purge.finished_before, request_purge.states, pulp.actor())
    on conflict do nothing;
  return pulp.enqueue('pulp.purge',
    kwargs => jsonb_build_object('finished_before', finished_before, 'states', states),
    options => jsonb_strip_nulls(jsonb_build_object(
      'id', task, 'queue', coalesce(queue, 'default'), 'correlation_id', correlation_id, 'unchecked', true)));
end $$;
comment on function pulp.request_purge is 'Enqueues a task that purges; gives its id.';
