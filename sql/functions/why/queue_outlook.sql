-- What a waiting task has to expect of its queue: whether its job is there and since when or until when it is put back, how
-- many jobs are delivered before it (counting ends at a thousand), which workers take from the queue, whether they know
-- its type and have a slot free, and whether a reserved worker could be given it instead.
create or replace function pulp.queue_outlook(task pulp.task) returns jsonb
language plpgsql stable set enable_sort = off as $$
declare
  requires constant jsonb := task.options -> 'requires';
  job record;
  jobs_before bigint;
  workers jsonb;
  routable boolean;
  taken_as text;
begin
  select j.priority, j.created_on, j.start_after into job
    from pgboss.job j where j.name = task.queue and j.id between task.id and task.id and j.state < 'active' order by j.id;
  if not found then
    select j.state into taken_as from pgboss.job j where j.name = task.queue and j.id between task.id and task.id order by j.id;
  else
    -- Jobs of one moment come in no certain order: they are not counted.
    select count(*) into jobs_before
      from (
        (select 1 from pgboss.job j
          where j.name = task.queue and j.state < 'active' and not j.blocked and j.priority > job.priority
            and j.start_after <= pgboss.job_now()
          limit 1000)
        union all
        (select 1 from pgboss.job j
          where j.name = task.queue and j.state < 'active' and not j.blocked and j.priority = job.priority
            and j.created_on < job.created_on and j.start_after <= pgboss.job_now()
          limit 1000)
        limit 1000
      ) before;
  end if;

  select jsonb_agg(jsonb_build_object(
      'name', w.name, 'knows_type', task.name = any (w.task_types) and slot.meets,
      'lacks', case when not slot.meets and task.name = any (w.task_types) then (
        select jsonb_object_agg(r.key, w.versions -> r.key) from jsonb_each_text(requires) r
        where not pulp.is_in_range(coalesce(w.versions ->> r.key, ''), r.value)) end,
      'unable', coalesce(w.unable, case when w.draining is not null then 'it finishes what it runs, and ends' end), 'running', slot.running, 'concurrency', w.concurrency,
      'heartbeat_age', extract(epoch from clock_timestamp() - w.last_heartbeat)
    ) order by task.name = any (w.task_types) desc, slot.meets desc, slot.running - w.concurrency, w.name)
    into workers
    from (select x.* from pulp.worker x where x.state = 'online' and task.queue = any (x.queues) order by x.name limit 100) w
    cross join lateral (
      select count(*) as running, pulp.meets(w.versions, requires) as meets from pulp.running r where r.worker = w.name) slot;

  routable := (task.queue = 'default' or pulp.is_reserved_worker(task.queue)) and exists (
    select from pulp.worker w
    where w.state = 'online' and pulp.is_reserved_worker(w.name) and task.name = any (w.task_types)
      and pulp.meets(w.versions, requires));

  return jsonb_build_object(
    'queue', task.queue,
    'requires', requires,
    'delivered', job is not null,
    'taken_as', taken_as,
    'clients', case when job is null then to_jsonb(pulp.pg_boss_clients()) end,
    'put_back_until', case when job.start_after > pgboss.job_now() then job.start_after end,
    'jobs_before', jobs_before,
    'workers', coalesce(workers, '[]'),
    'routable', routable);
end $$;
comment on function pulp.queue_outlook is 'What a waiting task has to expect of its queue.';
