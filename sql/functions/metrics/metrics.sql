-- What there is to watch, as samples of metrics: what pulp.known_metrics() says of the metric; the sample's own name
-- (of a histogram: with _bucket, _sum or _count) and labels; its value. Nothing is counted for it, so that it costs the same however many
-- tasks there are. "ttl_seconds" is for how long a worker is believed to live after a sign of life. Counters began with pulp.task_flow, and
-- are not lowered by purges. See docs/monitoring.md.
create or replace function pulp.metrics(ttl_seconds double precision default 30)
returns table (metric text, kind text, help text, sample text, labels jsonb, value double precision)
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  now constant timestamptz := clock_timestamp();
  bounds constant double precision[] := pulp.duration_bounds();
begin
  perform pulp.check_sees_all();
  return query
    with flow as materialized (
      select f.queue, f.name, f.before, f.after, f.cause, f.bucket, sum(f.number) as number, sum(f.seconds) as seconds
      from pulp.task_flow f
      group by f.queue, f.name, f.before, f.after, f.cause, f.bucket
    ),
    -- Also where none is left: a series that ends is no zero.
    present as (
      select p.queue, p.name, p.phase, coalesce(sum(f.number) filter (where f.after = p.phase), 0)
        - coalesce(sum(f.number) filter (where f.before = p.phase), 0) as tasks
      from (
        select t.queue, t.name, phase
        from (select distinct queue, name from flow where name <> '') t
        cross join unnest('{delayed,blocked,claimable,running,canceling}'::text[]) as phase
      ) p
      join flow f on f.queue = p.queue and f.name = p.name
      group by p.queue, p.name, p.phase
    ),
    moved as (
      select f.queue, f.name,
        sum(m.number) filter (where f.cause = 'enqueued') as enqueued,
        sum(m.number) filter (where f.after = 'completed') as completed,
        sum(m.number) filter (where f.after = 'failed') as failed,
        sum(m.number) filter (where f.after = 'canceled') as canceled,
        sum(m.number) filter (where f.after = 'skipped') as skipped,
        sum(m.number) filter (where f.before = 'running' and f.after = 'delayed') as retried,
        sum(m.number) filter (where f.cause = 'interrupted') as interrupted,
        sum(m.number) filter (where f.cause = 'worker_lost') as lost,
        sum(m.number) filter (where f.before in ('completed', 'failed', 'canceled', 'skipped') and f.after = '') as purged
      from flow f cross join lateral (select case f.cause when 'recounted' then 0 else f.number end as number) m
      where f.name <> ''
      group by f.queue, f.name
    ),
    timed as (
      select case f.after when 'running' then 'pulp_task_waiting_seconds' else 'pulp_task_running_seconds' end as metric,
        jsonb_build_object('queue', f.queue, 'type', f.name) as labels, f.bucket, sum(f.number) as number, sum(f.seconds) as seconds
      from flow f where f.bucket >= 0
      group by 1, f.queue, f.name, f.bucket
    ),
    histogram as (
      select t.metric, t.labels, sum(t.number) as number, sum(t.seconds) as seconds,
        array(
          select coalesce(sum(x.number), 0) from generate_subscripts(bounds, 1) as place
          left join unnest(array_agg(t.bucket), array_agg(t.number)) as x(bucket, number) on x.bucket < place
          group by place order by place) as below
      from timed t
      group by t.metric, t.labels
    ),
    worker as materialized (
      select w.name, w.queues, w.task_types, now - w.last_heartbeat as quiet, case
          when w.state <> 'online' then w.state
          when pulp.seconds_between(w.last_heartbeat, now) > ttl_seconds then 'silent'
          when w.unable is not null or w.draining is not null then 'unable'
          else 'able' end as state
      from pulp.worker w
    ),
    leader as materialized (
      select l.worker, l.failures from pulp.leader l where l.backend_pid = pulp.leader_session()
    ),
    sample (metric, suffix, labels, value) as (
      select 'pulp_tasks', '', jsonb_build_object('queue', p.queue, 'type', p.name, 'phase', p.phase), p.tasks::double precision
      from present p
      union all
      select c.metric, '', jsonb_build_object('queue', m.queue, 'type', m.name) || c.labels, coalesce(c.value, 0)
      from moved m cross join lateral (values
        ('pulp_tasks_enqueued_total', '{}'::jsonb, m.enqueued),
        ('pulp_tasks_finished_total', '{"outcome": "completed"}', m.completed),
        ('pulp_tasks_finished_total', '{"outcome": "failed"}', m.failed),
        ('pulp_tasks_finished_total', '{"outcome": "canceled"}', m.canceled),
        ('pulp_tasks_finished_total', '{"outcome": "skipped"}', m.skipped),
        ('pulp_task_retries_total', '{}', m.retried),
        ('pulp_task_interruptions_total', '{}', m.interrupted),
        ('pulp_task_runs_lost_total', '{}', m.lost),
        ('pulp_tasks_purged_total', '{}', m.purged)
      ) c(metric, labels, value)
      union all
      select h.metric, '_bucket', h.labels || jsonb_build_object('le', x.bound), x.number
      from histogram h cross join lateral (
        select inner_bucket.bound::text, inner_bucket.number from unnest(bounds, h.below) as inner_bucket(bound, number)
        union all select '+Inf', h.number
      ) x(bound, number)
      union all
      select h.metric, part.suffix, h.labels, part.value
      from histogram h cross join lateral (values ('_sum', h.seconds), ('_count', h.number::double precision)) part(suffix, value)
      union all
      select 'pulp_queue_oldest_claimable_seconds', '', jsonb_build_object('queue', q.name),
        coalesce(pulp.seconds_between(o.since, now), 0)
      from pulp.queue q left join pulp.oldest_claimable() o on o.queue = q.name
      union all
      select 'pulp_queue_workers', '', jsonb_build_object('queue', q.name),
        (select count(*) from worker w where w.state = 'able' and q.name = any (w.queues))
      from pulp.queue q
      union all
      select 'pulp_type_workers', '', jsonb_build_object('queue', p.queue, 'type', p.name),
        (select count(*) from worker w where w.state = 'able' and p.queue = any (w.queues) and p.name = any (w.task_types))
      from present p where p.phase = 'claimable'
      union all
      select 'pulp_workers', '', jsonb_build_object('state', s.state), (select count(*) from worker w where w.state = s.state)
      from unnest('{able,unable,silent,missing,offline}'::text[]) as s(state)
      union all
      select 'pulp_worker_quiet_seconds', '', jsonb_build_object('worker', w.name), greatest(0, extract(epoch from w.quiet))
      from worker w where w.state in ('able', 'unable', 'silent')
      union all
      select 'pulp_workers_lost_total', '', jsonb_build_object('cause', c.cause),
        coalesce((select sum(f.number) from flow f where f.before = 'online' and f.cause = c.cause), 0)
      from unnest('{death,lease}'::text[]) as c(cause)
      union all
      select 'pulp_leader_online', '', '{}', (select count(*) from leader)
      union all
      select 'pulp_leader_info', '', jsonb_build_object('worker', l.worker), 1 from leader l
      union all
      select 'pulp_leader_failing', '', jsonb_build_object('duty', duty.name, 'code', duty.error ->> 'code'), 1
      from leader l cross join lateral jsonb_each(l.failures) as duty(name, error)
      union all
      select 'pulp_paused', '', jsonb_build_object('kind', p.kind, 'name', p.name), 1 from pulp.pause p where p.until is null or p.until > now
      union all
      select 'pulp_subscription_lag_seconds', '', jsonb_build_object('subscription', l.name), coalesce(l.seconds, 0)
      from pulp.subscription_lag(most => 1) l
      union all
      select 'pulp_subscription_state', '', jsonb_build_object('subscription', s.name,
        'state', case when s.state = 'active' and s.failing_since is not null then 'failing' else s.state end), 1
      from pulp.subscription s
      union all
      select 'pulp_tasks_held_back', '', '{}', (select count(*) from (select from pulp.held_back limit 1000) h)
      union all
      select 'pulp_log_readers_held_seconds', '', '{}', coalesce((select max(pulp.seconds_between(h.since, now)) from pulp.event_holder() h), 0)
      union all
      select 'pulp_log_leaves_seconds', '', '{}', extract(epoch from pulp.event_leaves_end() - now)
      union all
      select 'pulp_oldest_snapshot_seconds', '', '{}', coalesce((select pulp.seconds_between(s.since, now) from pulp.oldest_snapshot() s), 0)
      union all
      select 'pulp_connections', '', '{}', (select sum(d.numbackends) from pg_stat_database d)
      union all
      select 'pulp_connections_limit', '', '{}', current_setting('max_connections')::double precision
      union all
      select 'pulp_numbers_used_ratio', '', jsonb_build_object('of', n.name), n.used from pulp.numbers_used() n
    )
    select s.metric, d.kind, d.help, s.metric || s.suffix, s.labels, s.value
    from sample s
    join pulp.known_metrics() d on d.metric = s.metric
    order by s.metric, s.labels - 'le', s.suffix, (s.labels ->> 'le')::double precision;
end $$;
comment on function pulp.metrics is 'What there is to watch, as samples of metrics.';
