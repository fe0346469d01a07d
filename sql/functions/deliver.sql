-- Hands tasks to pg-boss: one job each, with the id of its task, in a queue that is made if it is not there. Columns and
-- defaults follow pg-boss's own insert; a test compares both. Wakes the workers of queues that have something to do now.
create or replace function pulp.deliver(
  ids uuid[], names text[], queues text[], priorities integer[], start_afters timestamptz[]
) returns void
language plpgsql as $$
declare
  queue_names text[] := array(select distinct q from unnest(queues) as q);
begin
  -- Retention is long: a task waits as long as it takes, whatever pg-boss's housekeeping thinks of old jobs.
  perform pgboss.create_queue(q, '{"policy": "standard", "retentionSeconds": 2147483647}')
    from unnest(queue_names) as q
    where not exists (select from pgboss.queue known where known.name = q);

  insert into pgboss.job (
    id, name, data, priority, start_after, created_on, expire_seconds, deletion_seconds, keep_until,
    retry_limit, retry_delay, retry_backoff, retry_delay_max, policy, dead_letter, heartbeat_seconds
  )
  select j.id, j.queue, jsonb_build_object('name', j.name), j.priority, j.start_after, pgboss.job_now(),
    q.expire_seconds, q.deletion_seconds, j.start_after + q.retention_seconds * interval '1s',
    q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.policy, q.dead_letter, q.heartbeat_seconds
  from (
    select id, name, queue, priority, coalesce(start_after, pgboss.job_now()) as start_after
    from unnest(ids, names, queues, priorities, start_afters) as j(id, name, queue, priority, start_after)
  ) j
  join pgboss.queue q on q.name = j.queue;

  perform pg_notify('pulp_ready', q)
    from unnest(queue_names) as q
    where exists (
      select from unnest(queues, start_afters) as j(queue, start_after)
      where j.queue = q and coalesce(j.start_after, '-infinity') <= clock_timestamp());
end $$;
comment on function pulp.deliver is 'Hands tasks to pg-boss and wakes the workers of their queues.';
