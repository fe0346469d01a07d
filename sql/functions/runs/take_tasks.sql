-- Takes the next tasks for a worker and starts them: see start. First what its queues hold; with slots left, those that come next
-- on what it has just let go of, whose grant and start are one step then, without a job.
create or replace function pulp.take_tasks(
  worker text, queues text[], task_types text[], at_most integer, released pulp.reservation[] default null
) returns table (
  id uuid, name text, args jsonb, kwargs jsonb, attempt integer, fence bigint, timeout_seconds double precision,
  parent_id uuid, correlation_id text, interruptions integer, trace_context jsonb
)
language plpgsql as $$
#variable_conflict use_column
declare
  job record;
  jobs tid[];
  fetched uuid[];
  rows tid[];
  attempts integer[];
  versions integer[];
  correlation_ids text[];
  claiming uuid[];
  stray uuid[];
  stray_queues text[];
  locked pulp.reservation[] := '{}'; -- claims whose locks this function took
  claims pulp.reservation[];
  refused uuid[] := '{}';
  following record;
  paused_resources text[] := '{}';
  paused_tasks uuid[] := '{}';
begin
  if exists (select from pulp.pause) then
    if pulp.paused('all') <> '{}' then
      return;
    end if;
    paused_resources := pulp.paused('resource');
    released := array(select c from unnest(released) as c where c.resource <> all (paused_resources));
    task_types := array(select t from unnest(task_types) as t where t <> all (pulp.paused('type')));
    queues := array(
      select q.name from unnest(queues) with ordinality as q(name, ordinality)
      where q.name <> all (pulp.paused('queue')) order by q.ordinality);
  end if;

  if exists (select from pulp.requirement) then
    task_types := pulp.kinds_taken(worker, task_types);
  end if;

  job := pulp.next_jobs(queues, task_types, at_most);
  jobs := job.rows;
  if jobs is not null then
    select array_agg(j.id), array_agg(t.row), array_agg(t.attempt), array_agg(t.version + 1), array_agg(t.correlation_id),
        array_agg(j.id) filter (where t.has_claims), array_agg(j.id) filter (where t.row is null),
        array_agg(j.name) filter (where t.row is null)
      into fetched, rows, attempts, versions, correlation_ids, claiming, stray, stray_queues
      from unnest(job.ids, job.names) as j(id, name)
      left join lateral (
        select x.attempt, x.version, x.correlation_id, pulp.has_claims(x) as has_claims, x.ctid as row from pulp.task x
        where x.id = j.id and x.queue = j.name and x.state = 'waiting' offset 0
      ) t on true;
  end if;

  if claiming is not null then
    claims := pulp.granted_claims(claiming);
    if paused_resources <> '{}' then
      paused_tasks := array(select distinct c.task_id from unnest(claims) as c where c.resource = any (paused_resources));
      claims := array(select c from unnest(claims) as c where c.task_id <> all (paused_tasks));
    end if;
    refused := pulp.lock_resources(claims);
    locked := array(select c from unnest(claims) as c where c.task_id <> all (refused));
  end if;
  if stray is not null or refused <> '{}' or paused_tasks <> '{}' then
    update pgboss.job set start_after = pgboss.job_now() + interval '250 ms'
      where job.ctid = any (jobs) and job.id = any (refused);
    update pgboss.job set start_after = pgboss.job_now() + interval '10 s' -- the end of the pause takes it back
      where job.ctid = any (jobs) and job.id = any (paused_tasks);
    refused := refused || paused_tasks;
    update pgboss.job set start_after = 'infinity'
      where job.ctid = any (jobs) and job.id = any (stray) and job.name = any (stray_queues);
    select array_agg(f.id), array_agg(f.row), array_agg(f.attempt), array_agg(f.version), array_agg(f.correlation_id)
      into fetched, rows, attempts, versions, correlation_ids
      from unnest(fetched, rows, attempts, versions, correlation_ids) as f(id, row, attempt, version, correlation_id)
      where f.row is not null and f.id <> all (refused);
  end if;
  if fetched is not null then
    -- By place, and by id too: a queue may have a leaf of its own. "is true" makes the ids a table of hashes, not a join.
    delete from pgboss.job where job.ctid = any (jobs) and (job.id in (select unnest(fetched))) is true;
    return query select s.* from pulp.start_tasks(worker, fetched, rows, attempts, versions, correlation_ids) s;
  end if;

  if released <> '{}' and coalesce(cardinality(jobs), 0) < at_most then
    select * into following
      from pulp.successors(worker, queues, task_types, released, at_most - coalesce(cardinality(jobs), 0));
    if following.ids is null then
      return;
    end if;
    refused := pulp.lock_resources(following.claims);
    if refused <> '{}' then -- an earlier session is not over yet: for the manager, it is only a pause
      perform pulp.unlock_resources(array(select c from unnest(following.claims) as c where c.task_id <> all (refused)));
      return;
    end if;
    locked := locked || following.claims;
    return query select s.* from pulp.start_tasks(
      worker, following.ids, following.rows, following.attempts, following.versions, following.correlation_ids,
      following.destinations) s;
  end if;
exception
  when query_canceled or others then
    perform pulp.unlock_resources(locked); -- they outlive the transaction
    raise;
end $$;
comment on function pulp.take_tasks is 'Takes the next tasks for a worker and starts them.';
