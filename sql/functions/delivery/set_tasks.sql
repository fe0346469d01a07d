-- Gives waiting tasks another priority or queue, or both; null leaves one as it is. Others stay as they are. Gives the state of those that
-- the caller may act on.
create or replace function pulp.set_tasks(tasks uuid[], priority integer default null, queue text default null)
returns table (id uuid, state text)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  owned uuid[];
  with_job uuid[];
  waiting uuid[];
  changing uuid[];
begin
  if queue is not null and not pulp.is_name(queue) then
    raise exception 'queue: must start with a letter and have at most 128 letters, digits and characters of _.:@-' using errcode = 'PU004',
      hint = 'Correct this value; nothing was changed.';
  elsif priority not between -999999999 and 999999999 then
    raise exception 'priority: must be an integer between -999999999 and 999999999' using errcode = 'PU004',
      hint = 'Correct this value; nothing was changed.';
  end if;
  perform pulp.check_reserved_queues(array[queue]);

  owned := array(
    select t.id from (select distinct unnest(set_tasks.tasks) as id order by 1) i
    cross join lateral (select x.id from pulp.task x where x.id = i.id and pulp.acts_for(x.owner) offset 0) t);
  select l.waiting, l.with_job into waiting, with_job from pulp.lock_waiting_tasks(owned) l;

  changing := array(
    select t.id from unnest(waiting) as i(id)
    cross join lateral (select x.id from pulp.task x where x.id = i.id and x.priority <> set_tasks.priority offset 0) t);
  if changing <> '{}' then
    perform pulp.append_task_events('TaskReprioritized', changing,
      array_fill(jsonb_build_object('priority', set_tasks.priority), array[cardinality(changing)]));
    update pgboss.job j set priority = set_tasks.priority
      from unnest(changing) as i(id)
      cross join lateral (select x.queue from pulp.task x where x.id = i.id offset 0) t
      where j.name = t.queue and j.id = i.id;
  end if;

  changing := array(
    select t.id from unnest(waiting) as i(id)
    cross join lateral (select x.id from pulp.task x where x.id = i.id and x.queue <> set_tasks.queue offset 0) t);
  if changing <> '{}' then
    with_job := array(select unnest(with_job) intersect select unnest(changing));
    perform pulp.count_reroutes(array_agg(m.id), array_fill(set_tasks.queue, array[count(*)::integer]), m.phase)
      from (
        select t.id, t.phase from unnest(changing) as i(id)
        cross join lateral (
          select x.id, pulp.task_phase(x, (select 1 from pulp.deferred d where d.task_id = x.id) is not null) as phase
          from pulp.task x where x.id = i.id offset 0
        ) t
      ) m
      group by m.phase;
    delete from pgboss.job j
      using unnest(with_job) as i(id)
      cross join lateral (select x.queue from pulp.task x where x.id = i.id offset 0) t
      where j.name = t.queue and j.id = i.id;
    perform pulp.append_task_events('TaskRerouted', changing,
      array_fill(jsonb_build_object('queue', set_tasks.queue), array[cardinality(changing)]));
    if with_job <> '{}' then
      perform pulp.deliver(with_job);
    end if;
  end if;

  return query
    select t.id, t.state from unnest(owned) as i(id)
    cross join lateral (select x.id, x.state from pulp.task x where x.id = i.id offset 0) t;
end $$;
comment on function pulp.set_tasks is 'Gives waiting tasks another priority or queue; gives the states of all.';
