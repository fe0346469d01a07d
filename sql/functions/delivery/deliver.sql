-- Hands tasks to pg-boss: one job each, with the id of its task, in a queue that is made if it is not there. Columns and
-- defaults follow pg-boss's own insert; a test compares both. One that was interrupted comes before all that were enqueued
-- after it: its job counts as made when the task was. Wakes the workers of these queues.
create or replace function pulp.deliver(ids uuid[]) returns void
language plpgsql as $$
declare
  names text[];
  queues text[];
  queue_names text[];
  priorities integer[];
  places timestamptz[];
  delivered integer;
begin
  -- "offset 0" here and elsewhere holds the planner to this direction: one probe of the index for each. It may have planned
  -- when the tables were empty, and keep to that.
  select array_agg(t.name order by i.ordinality), array_agg(t.queue order by i.ordinality),
      array_agg(t.priority order by i.ordinality),
      array_agg(case when t.interruptions > 0 then t.enqueued_at end order by i.ordinality)
    into names, queues, priorities, places
    from unnest(ids) with ordinality as i(id, ordinality)
    cross join lateral (
      select x.name, x.queue, x.priority, x.interruptions, x.enqueued_at from pulp.task x where x.id = i.id offset 0
    ) t;
  queue_names := array(select distinct unnest(queues));
  perform pulp.create_queues(queue_names);

  insert into pgboss.job (
    id, name, data, priority, start_after, created_on, expire_seconds, deletion_seconds, keep_until,
    retry_limit, retry_delay, retry_backoff, retry_delay_max, policy, dead_letter, heartbeat_seconds
  )
  select t.id, t.queue, jsonb_build_object('name', t.name), t.priority, pgboss.job_now(), coalesce(t.place, pgboss.job_now()),
    q.expire_seconds, q.deletion_seconds, pgboss.job_now() + q.retention_seconds * interval '1s',
    q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.policy, q.dead_letter, q.heartbeat_seconds
  from unnest(ids, queues, names, priorities, places) as t(id, queue, name, priority, place)
  join pgboss.queue q on q.name = t.queue;
  get diagnostics delivered = row_count;
  if delivered <> cardinality(ids) then
    raise exception 'a queue was deleted while tasks were delivered to it' using errcode = 'serialization_failure',
      hint = 'Repeat the command.';
  end if;

  perform pulp.notify('pulp_ready', q) from unnest(queue_names) as q;
end $$;
comment on function pulp.deliver is 'Hands tasks to pg-boss and wakes the workers of their queues.';
