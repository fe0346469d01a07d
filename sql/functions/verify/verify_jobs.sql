-- Rule jobs_of_tasks: a waiting task whose time has come and that has all its reservations, or claims nothing, has one job in
-- pg-boss, which says what the task says; no other job is there. Jobs in queues that are not marked as ours, such as
-- pg-boss's own, are somebody else's. Of all tasks, or of those listed.
create or replace function pulp.verify_jobs(only_ids uuid[] default null) returns setof pulp.violation
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan as $$
declare
  clients constant text := coalesce('; there are other clients of pg-boss: ' || nullif(array_to_string(pulp.pg_boss_clients(), ', '), ''), '');
begin
  return query
    select 'jobs_of_tasks', 'task', coalesce(t.id, j.id)::text, case
        when t.deliverable and j.id is null then 'it is deliverable, and has no job' || clients
        when t.deliverable and j.number = 1 and j.state not in ('created', 'retry') then
          format('another client of pg-boss took its job (%s)%s', j.state, clients)
        when t.deliverable then 'its job says something else, or is not the only one'
        else format('it has a job, and is %s', coalesce(t.state, 'not there')) end,
      case when t.deliverable then
        jsonb_build_array(jsonb_build_object('queue', t.queue, 'name', t.name, 'priority', t.priority, 'state', 'created')) end,
      j.jobs
    from (
      select id, queue, pulp.job_kind(name, options) as name, priority, state, state = 'waiting'
        and not exists (select from pulp.deferred d where d.task_id = task.id) and (
          not pulp.has_claims(task) or exists (select from pulp.reservation_granted g where g.task_id = task.id)) as deliverable
      from pulp.task
      where only_ids is null or id = any (only_ids)
    ) t
    full join (
      select id, jsonb_agg(jsonb_build_object('queue', job.name, 'name', data -> 'name', 'priority', priority, 'state', state)) as jobs,
        count(*) as number, min(job.name) as queue, min(data ->> 'name') as name, min(priority) as priority, min(state::text) as state
      from pgboss.job
      where only_ids is null or id = any (only_ids) and job.name in (select q.name from pgboss.queue q)
      group by id
    ) j on j.id = t.id
    where (coalesce(t.deliverable, false) <> (j.id is not null)
        or j.number > 1
        or j.id is not null and (j.queue, j.name, j.priority, j.state) is distinct from (t.queue, t.name, t.priority, 'created'))
      and (t.id is not null or j.queue in (select q.name from pulp.queue q));
end $$;
comment on function pulp.verify_jobs is 'Whether pg-boss has a job for each deliverable task, and no other.';
