-- Puts right, from the log, all that there is about these tasks: rows, claims, whether they are listed as running, deferred
-- or for the resource manager to look at, and their jobs. Under the locks of their jobs and rows, in the order in which the
-- engine takes them; what somebody else has locked is left out and given, for another try. What is right already is not
-- written. A stream that cannot be folded is left as it is.
create or replace function pulp.rebuild_tasks(ids uuid[], out left_out uuid[])
language plpgsql set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_custom_plan as $$
declare
  queues constant text[] := array(select q.name from pgboss.queue q);
  free_ids uuid[];
  told pulp.task[] := '{}';
  lines pulp.reservation[] := '{}';
  deliverable pulp.task[];
  undelivered uuid[];
  fold record;
begin
  with present as materialized (
    select j.id from pgboss.job j where j.name = any (queues) and j.id = any (ids)
  ),
  locked as materialized (
    select j.name, j.id from pgboss.job j where j.name = any (queues) and j.id = any (ids) order by j.id for update skip locked
  )
  select array(select unnest(ids) except (select id from present except all select id from locked)) into free_ids;
  with present as materialized (
    select t.id from pulp.task t where t.id = any (free_ids)
  ),
  locked as materialized (
    select t.id from pulp.task t where t.id = any (free_ids) order by t.id for no key update skip locked
  )
  select array(select unnest(free_ids) except (select id from present except select id from locked)) into free_ids;
  left_out := array(select unnest(ids) except select unnest(free_ids));

  -- From here on the streams stand still.
  for fold in select f.* from pulp.fold_tasks(only_ids => free_ids) f loop
    if fold.refusal is not null then
      free_ids := array_remove(free_ids, fold.stream_id::uuid);
    else
      told := told || fold.task;
      lines := lines || fold.claims;
    end if;
  end loop;

  delete from pulp.task t
    where t.id = any (free_ids) and not exists (select from unnest(told) f where f.id = t.id);
  insert into pulp.task select f.* from unnest(told) f on conflict (id) do nothing;
  execute format('update pulp.task x set %s from unnest($1) f where f.id = x.id and f is distinct from x',
    pulp.rebuild_assignments('pulp.task')) using told;

  with gone as (
    delete from pulp.reservation r
    where r.task_id = any (free_ids)
      and not exists (select from unnest(lines) c where c.task_id = r.task_id and c.resource = r.resource and c is not distinct from r)
    returning r.resource
  )
  insert into pulp.wakeup (resource, mode) select distinct resource, 'exclusive' from gone;
  insert into pulp.reservation
    select c.* from unnest(lines) c
    where not exists (select from pulp.reservation r where r.task_id = c.task_id and r.resource = c.resource)
    on conflict do nothing; -- the place is taken by a claim that is wrong itself: after it was put right, there is another try
  insert into pulp.wakeup (task_id) select distinct c.task_id from unnest(lines) c where c.state = 'waiting';
  perform pulp.rebuild_numbers();

  delete from pulp.running r
    where r.task_id = any (free_ids)
      and not exists (select from unnest(told) f where f.id = r.task_id and f.state in ('running', 'canceling') and f.worker = r.worker);
  insert into pulp.running (task_id, worker)
    select f.id, f.worker from unnest(told) f where f.state in ('running', 'canceling')
    on conflict (task_id) do nothing;

  -- The log does not say whether a delay is over for a task without claims: it is, if its time has come and it has a job,
  -- or if its run was interrupted, whose task is held back by nothing.
  with task as materialized (
    select f as row, f.id, f.run_after, f.interruptions, not pulp.has_claims(f) as is_free,
      (select c.state from unnest(lines) c where c.task_id = f.id limit 1) as claims,
      exists (select from pgboss.job j where j.name = f.queue and j.id = f.id) as has_job
    from unnest(told) f where f.state = 'waiting'
  ),
  waiting as materialized (
    select task.*, run_after is not null and interruptions = 0 and case
        when is_free then run_after > clock_timestamp() or not has_job
        else claims is null end as is_deferred
    from task
  ),
  deferred as (
    insert into pulp.deferred (task_id, due_at) select id, run_after from waiting where is_deferred
    on conflict (task_id) do update set due_at = excluded.due_at where deferred.due_at <> excluded.due_at
  ),
  undeferred as (
    delete from pulp.deferred d
    where d.task_id = any (free_ids) and d.task_id not in (select id from waiting where is_deferred)
  )
  select array_agg(row) filter (where not is_deferred and (is_free or claims = 'granted')) into deliverable from waiting;

  delete from pulp.dependency d
    where d.task_id = any (free_ids) and not exists (
      select from unnest(told) f cross join lateral pulp.awaited_by(f) a where f.id = d.task_id and (a.kind, a.name) = (d.kind, d.name));
  perform pulp.await_others(free_ids);
  insert into pulp.ending (kind, name) select distinct d.kind, d.name from pulp.dependency d where d.task_id = any (free_ids);

  delete from pgboss.job j
    where j.name = any (queues) and j.id = any (free_ids)
      and not exists (
        select from unnest(deliverable) f
        where f.id = j.id and (f.queue, f.name, f.priority, 'created') = (j.name, j.data ->> 'name', j.priority, j.state::text));
  undelivered := array(
    select f.id from unnest(deliverable) f
    where not exists (select from pgboss.job j where j.name = f.queue and j.id = f.id)
    order by f.position);
  if undelivered <> '{}' then
    perform pulp.deliver(undelivered);
  end if;
  perform pulp.notify('pulp_grant', '');
end $$;
comment on function pulp.rebuild_tasks is 'Puts right, from the log, all that there is about these tasks.';
