-- Delivers tasks anew that nobody would fetch where they are: those before a reserved worker that is not online, those of
-- the default queue while only reserved workers are there, and those before a busy reserved worker while another is idle. Gives whether there may be more, and whether the default
-- queue is served, so that the caller knows whether arrivals there concern it. Somebody else's open transaction is not waited for:
-- a task that cannot be moved is held back, and holds up no other.
create or replace function pulp.reroute_tasks(batch integer default 1000, out more boolean, out default_served boolean)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set lock_timeout = '100ms' as $$
declare
  online pulp.worker[] := array(select w from pulp.worker w where w.state = 'online');
  reserved_online boolean := exists (select from unnest(online) as w where pulp.is_reserved_worker(w.name));
  routable_types text[] := array(
    select distinct type from unnest(online) as w cross join unnest(w.task_types) as type where pulp.is_reserved_worker(w.name));
  stranded text[];
  found_ids uuid[];
  shared_ids uuid[];
begin
  perform pulp.check_leader();
  if reserved_online and exists (select from pulp.requirement) then
    routable_types := array(
      select distinct kind from unnest(online) as w cross join unnest(pulp.kinds_taken(w.name, w.task_types)) as kind
      where pulp.is_reserved_worker(w.name));
  end if;
  default_served := not reserved_online or exists (select from unnest(online) as w where 'default' = any (w.queues));
  stranded := array(
    select q.name from pgboss.queue q
    where pulp.is_reserved_worker(q.name) and q.name not in (select w.name from unnest(online) as w)
      or q.name = 'default' and not default_served);

  if not pg_try_advisory_xact_lock(pulp.lock_class('grant'), 0) then -- one decides where tasks go
    more := false;
    return;
  end if;
  select array_agg(j.id) into found_ids
    from unnest(stranded) as q(name)
    cross join lateral (
      select job.id from pgboss.job
      where job.name = q.name and job.state < 'active' and not job.blocked
        and (q.name <> 'default' or job.data ->> 'name' = any (routable_types))
        and (select 1 from pulp.held_back h where h.task_id = job.id and h.not_before > clock_timestamp()) is null
      order by job.priority desc, job.created_on
      limit batch
      for update skip locked
    ) j;
  more := coalesce(cardinality(found_ids), 0) >= batch;
  if found_ids is not null then
    begin
      perform pulp.move_jobs(found_ids);
    exception
      when others then
        perform pulp.bring_forward_apart('reroute', found_ids, clock_timestamp() + interval '1 s');
        more := false;
    end;
  end if;
  if reserved_online then
    shared_ids := pulp.jobs_to_share();
  end if;
  if shared_ids is not null then
    begin
      perform pulp.move_jobs(shared_ids, elsewhere => true);
    exception
      when others then
        perform pulp.bring_forward_apart('reroute', shared_ids, clock_timestamp() + interval '1 s');
    end;
  end if;
  delete from pulp.held_back h
    where h.step = 'reroute' and h.task_id = any (found_ids || shared_ids) and h.not_before <= clock_timestamp();
end $$;
comment on function pulp.reroute_tasks is 'Delivers tasks anew that nobody would fetch where they are.';
