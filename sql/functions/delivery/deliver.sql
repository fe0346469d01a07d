-- Hands tasks to pg-boss: one job each, with the id of its task, in a queue that is made if it is not there. Columns and
-- defaults follow pg-boss's own insert; a test compares both. One that was interrupted comes before all that were enqueued
-- after it: its job counts as made when the task was. Wakes the workers of these queues. Until commit their rows are held, or one that
-- is otherwise empty could be deleted meanwhile, and the commit be refused.
create or replace function pulp.deliver(ids uuid[]) returns void
language plpgsql as $$
declare
  left_over uuid[] := ids;
  delivered uuid[];
  queues text[];
  held integer;
  were_made boolean := false;
begin
  loop
    -- "offset 0" here and elsewhere holds the planner to this direction: one probe of the index for each. It may have planned
    -- when the tables were empty, and keep to that.
    with job as (
      insert into pgboss.job as j (
        id, name, data, priority, start_after, created_on, expire_seconds, deletion_seconds, keep_until,
        retry_limit, retry_delay, retry_backoff, retry_delay_max, policy, dead_letter, heartbeat_seconds
      )
      select t.id, t.queue, jsonb_build_object('name', pulp.job_kind(t.name, t.options)), t.priority, pgboss.job_now(),
        case when t.interruptions > 0 then t.enqueued_at else pgboss.job_now() end,
        q.expire_seconds, q.deletion_seconds, pgboss.job_now() + q.retention_seconds * interval '1s',
        q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.policy, q.dead_letter, q.heartbeat_seconds
      from unnest(left_over) as i(id)
      cross join lateral (
        select x.id, x.name, x.options, x.queue, x.priority, x.interruptions, x.enqueued_at from pulp.task x where x.id = i.id offset 0
      ) t
      join pulp.queue ours on ours.name = t.queue
      join pgboss.queue q on q.name = t.queue
      returning j.id, j.name
    )
    select array_agg(job.id), array_agg(distinct job.name) into delivered, queues from job;
    perform pulp.notify('pulp_ready', q) from unnest(queues) as q;
    perform from pgboss.queue q where q.name = any (queues) for key share;
    get diagnostics held = row_count;
    exit when cardinality(delivered) = cardinality(left_over) and held = cardinality(queues);

    if were_made or held < cardinality(queues) then
      raise exception 'a queue was deleted while tasks were delivered to it' using errcode = 'serialization_failure',
        hint = 'Repeat the command.';
    end if;
    left_over := array(
      select i.id from unnest(left_over) with ordinality as i(id, ordinality)
      where (i.id = any (delivered)) is not true order by i.ordinality);
    perform pulp.create_queues(array(
      select t.queue from unnest(left_over) as i(id)
      cross join lateral (select x.queue from pulp.task x where x.id = i.id offset 0) t));
    were_made := true;
  end loop;
end $$;
comment on function pulp.deliver is 'Hands tasks to pg-boss and wakes the workers of their queues.';
