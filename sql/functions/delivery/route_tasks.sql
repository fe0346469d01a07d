-- To which queue each of these tasks goes. Tasks of the default queue go to a reserved worker that is online and knows
-- their type, if there is one: to the one that last had a task on one of the same resources as long as that has a free
-- slot, else to the least loaded for its size. The rest go where they were enqueued to, and those of a reserved worker
-- that is not online to the default queue. "elsewhere": tasks that wait before a reserved worker that does not take them go
-- to another that has a free slot, or stay.
create or replace function pulp.route_tasks(ids uuid[], elsewhere boolean default false) returns text[]
language plpgsql as $$
declare
  reserved pulp.worker[] := array(
    select w from pulp.worker w where w.state = 'online' and pulp.is_reserved_worker(w.name) order by w.name);
  loads bigint[];
  queues text[] := '{}';
  task record;
  chosen integer;
begin
  if reserved = '{}' and not elsewhere then
    return array(
      select case when pulp.is_reserved_worker(t.queue) then 'default' else t.queue end
      from unnest(ids) with ordinality as i(id, ordinality)
      cross join lateral (select x.queue from pulp.task x where x.id = i.id offset 0) t
      order by i.ordinality);
  end if;

  -- What each has in hand and before it. Counting ends at a thousand: beyond that, they are all alike.
  loads := array(
    select pulp.slots_taken(w.name) + pulp.jobs_before(w.name)
    from unnest(reserved) with ordinality as w order by w.ordinality);

  for task in
    select t.name, t.options -> 'requires' as requires, t.queue, t.exclusive_resources || t.shared_resources as resources
    from unnest(ids) with ordinality as i(id, ordinality)
    cross join lateral (select x.* from pulp.task x where x.id = i.id offset 0) t
    order by i.ordinality
  loop
    chosen := null;
    if task.queue = 'default' or pulp.is_reserved_worker(task.queue) then
      select w.ordinality into chosen
        from unnest(reserved) with ordinality as w
        where task.name = any (w.task_types) and (task.requires is null or pulp.meets(w.versions, task.requires))
          and (not elsewhere or w.name <> task.queue and loads[w.ordinality] < w.concurrency)
        order by
          w.name in (select r.routed_to from pulp.resource r where r.name = any (task.resources))
            and loads[w.ordinality] < w.concurrency desc,
          loads[w.ordinality]::double precision / w.concurrency,
          w.ordinality
        limit 1;
    end if;
    if chosen is null then
      queues := queues || case when pulp.is_reserved_worker(task.queue) and not elsewhere then 'default' else task.queue end;
    else
      queues := queues || reserved[chosen].name;
      loads[chosen] := loads[chosen] + 1;
      insert into pulp.resource (name)
        select resource from unnest(task.resources) as resource
        where (select known.id from pulp.resource known where known.name = resource) is null
        on conflict (name) do nothing;
      update pulp.resource r set routed_to = reserved[chosen].name
        where r.name = any (task.resources) and r.routed_to is distinct from reserved[chosen].name;
    end if;
  end loop;
  return queues;
end $$;
comment on function pulp.route_tasks is 'To which queue each of these tasks goes.';
