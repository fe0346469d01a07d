-- Delivers tasks anew that nobody would fetch where they are: those before a reserved worker that is not online, and those
-- of the default queue while only reserved workers are there. Gives whether there may be more, and whether the default
-- queue is served, so that the caller knows whether arrivals there concern it.
create or replace function pulp.reroute_tasks(batch integer default 1000, out more boolean, out default_served boolean)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  online pulp.worker[] := array(select w from pulp.worker w where w.state = 'online');
  reserved_online boolean := exists (select from unnest(online) as w where pulp.is_reserved_worker(w.name));
  routable_types text[] := array(
    select distinct type from unnest(online) as w cross join unnest(w.task_types) as type where pulp.is_reserved_worker(w.name));
  stranded text[];
  found_ids uuid[];
  targets text[];
begin
  perform pg_advisory_xact_lock(pulp.lock_class('grant'), 0); -- one decides where tasks go
  default_served := not reserved_online or exists (select from unnest(online) as w where 'default' = any (w.queues));
  stranded := array(
    select q.name from pgboss.queue q
    where pulp.is_reserved_worker(q.name) and q.name not in (select w.name from unnest(online) as w)
      or q.name = 'default' and not default_served);

  select array_agg(j.id) into found_ids
    from unnest(stranded) as q(name)
    cross join lateral (
      select job.id from pgboss.job
      where job.name = q.name and job.state < 'active' and not job.blocked
        and (q.name <> 'default' or job.data ->> 'name' = any (routable_types))
      order by job.priority desc, job.created_on
      limit batch
      for update skip locked
    ) j;
  more := coalesce(cardinality(found_ids), 0) >= batch;
  if found_ids is null then
    return;
  end if;

  targets := pulp.route_tasks(found_ids);
  select array_agg(i.id order by i.ordinality), array_agg(i.target order by i.ordinality) into found_ids, targets
    from unnest(found_ids, targets) with ordinality as i(id, target, ordinality)
    join pulp.task t on t.id = i.id and t.queue <> i.target;
  if found_ids is null then
    return;
  end if;
  delete from pgboss.job using unnest(found_ids) as moved(id), pulp.task t
    where t.id = moved.id and job.name = t.queue and job.id = moved.id;
  perform pulp.append_task_events(found_ids, array_fill('TaskRerouted'::text, array[cardinality(found_ids)]),
    array(select jsonb_build_object('queue', target) from unnest(targets) with ordinality as x(target, o) order by o));
  perform pulp.deliver(found_ids);
end $$;
comment on function pulp.reroute_tasks is 'Delivers tasks anew that nobody would fetch where they are.';
