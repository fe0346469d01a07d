-- Tasks that wait before a reserved worker that does not take them, because its slots are full or for two seconds already,
-- while another one that knows their type has a slot free: as many as there are such slots, those first in line. A thousand
-- jobs of each line are looked at, so that the cost does not grow with it. Their jobs are locked.
create or replace function pulp.jobs_to_share() returns uuid[]
language plpgsql as $$
declare
  idle pulp.worker[];
  free_hands bigint := 0;
  known_types text[];
  full_workers text[];
  shared_ids uuid[];
begin
  select array_agg(w) filter (where slots.free > 0), coalesce(sum(slots.free) filter (where slots.free > 0), 0),
      array_agg(w.name) filter (where slots.taken >= w.concurrency)
    into idle, free_hands, full_workers
    from pulp.worker w
    cross join lateral (select pulp.slots_taken(w.name) as taken) running
    cross join lateral (
      select running.taken, case when running.taken < w.concurrency then w.concurrency - running.taken - pulp.jobs_before(w.name) end as free
      offset 0
    ) slots
    where w.state = 'online' and pulp.is_reserved_worker(w.name);
  if free_hands = 0 then
    return null;
  end if;
  known_types := array(
    select distinct type from unnest(idle) as w
    cross join unnest(case when exists (select from pulp.requirement) then pulp.kinds_taken(w.name, w.task_types) else w.task_types end) as type);

  select array_agg(chosen.id order by chosen.priority desc, chosen.created_on) into shared_ids
    from (
      select line.* from pulp.worker w
      cross join lateral (
        select job.id, job.data, job.priority, job.created_on from pgboss.job
        where job.name = w.name and job.state < 'active' and not job.blocked and job.start_after <= pgboss.job_now()
          and (select 1 from pulp.held_back h where h.task_id = job.id and h.not_before > clock_timestamp()) is null
        order by job.priority desc, job.created_on
        limit 1000
        for update skip locked
      ) line
      where w.state = 'online' and pulp.is_reserved_worker(w.name) and w.name not in (select i.name from unnest(idle) as i)
        and line.data ->> 'name' = any (known_types)
        and (w.name = any (full_workers) or line.created_on < pgboss.job_now() - interval '2 s')
      order by line.priority desc, line.created_on
      limit free_hands
    ) chosen;
  return shared_ids;
end $$;
comment on function pulp.jobs_to_share is 'Tasks that wait before a busy reserved worker while another one has a slot free.';
