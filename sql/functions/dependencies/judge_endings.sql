-- Looks at what is on the list of endings, "batch" at a time: whoever waited for nothing else begins when it is due, and whoever can never
-- begin is skipped, which is an ending, too. What somebody changes just now stays on the list ("kept"). Says whether there is more.
create or replace function pulp.judge_endings(batch integer, out more boolean, out kept boolean)
language plpgsql set enable_hashjoin = on as $$
declare
  tasks uuid[];
  groups text[];
  lockable text[];
  parents uuid[];
  states text[];
  over record;
  locked uuid[];
  wanted text[];
  skipping uuid[];
  facts jsonb[];
  ready uuid[];
begin
  with taken as (
    delete from pulp.ending e
      where e.ctid = any (array(select x.ctid from pulp.ending x order by x.id limit batch for update skip locked))
    returning e.kind, e.name
  )
  select coalesce(array_agg(distinct t.name::uuid) filter (where t.kind = 'task'), '{}'),
      array_agg(distinct t.name) filter (where t.kind = 'group'), count(*) >= batch
    into tasks, groups, more from taken t;

  -- A row that can be locked is as all see it, and whoever changes it from now on sees who waits.
  tasks := array(
    select i.id from unnest(tasks) as i(id)
    where (select 1 from pulp.dependency d where d.kind = 'task' and d.name = i.id::text limit 1) is not null);
  select array_agg(t.id), array_agg(t.state) into parents, states
    from unnest(tasks) as i(id)
    cross join lateral (
      select x.id, x.state from pulp.task x where x.id = i.id for share skip locked
    ) t;
  tasks := array(select unnest(tasks) except select unnest(parents));
  kept := false;
  if tasks <> '{}' then
    -- Of one that was purged, which may be before a rebuild finds who waits for it, its last event tells; of some nothing does.
    select parents || array_agg(i.id), states || array_agg(coalesce(purged.state, 'gone')) into parents, states
      from unnest(tasks) as i(id)
      left join lateral (
        select max(e.data ->> 'state') filter (where e.type = 'TaskPurged') as state, count(*) as events from pulp.histories(array[i.id]) e
      ) purged on true
      where not exists (select from pulp.task t where t.id = i.id) and (purged.state is not null or purged.events = 0);
    insert into pulp.ending (kind, name) select 'task', i.id::text from unnest(tasks) as i(id) where (i.id = any (parents)) is not true;
    kept := found;
  end if;

  -- Who enqueues into a group holds its row: whether it is over shows when that is done.
  lockable := array(
    select x.id from unnest(groups) as g(id)
    cross join lateral (select y.id from pulp.created_group y where y.id = g.id for no key update skip locked) x);
  insert into pulp.ending (kind, name)
    select 'group', g.id from unnest(groups) as g(id)
    where (g.id = any (lockable)) is not true and exists (select from pulp.created_group x where x.id = g.id);
  kept := kept or found;

  -- Who waits for what is over.
  groups := array(select g.id from unnest(lockable) as g(id) where pulp.is_group_over(g.id));
  select array_agg(w.kind) as kinds, array_agg(w.name) as names, array_agg(w.state) as states, array_agg(w.task_id) as waiting into over
    from (
      select ended.*, d.task_id from (
        select 'task' as kind, p.id::text as name, p.state from unnest(parents, states) as p(id, state)
        where p.state not in ('waiting', 'running', 'canceling')
        union all
        select 'group', g.id, 'completed' from unnest(groups) as g(id)
      ) ended
      cross join lateral (
        select x.task_id from pulp.dependency x where x.kind = ended.kind and x.name = ended.name limit batch
      ) d
      limit batch
    ) w;
  if over.waiting is null then
    return;
  end if;
  select array_agg(t.id), array_agg(t.until) into locked, wanted
    from (select distinct unnest(over.waiting) as id order by 1) i
    cross join lateral (
      select x.id, x.options ->> 'on' as until from pulp.task x where x.id = i.id and x.state = 'waiting' for no key update skip locked
    ) t;

  select array_agg(s.id), array_agg(jsonb_build_object('after', s.name, 'reason', format('task %s, which it comes after, %s', s.name,
      case s.state when 'failed' then 'failed' when 'gone' then 'is not there' else 'was ' || s.state end)))
    into skipping, facts
    from (
      select distinct on (l.id) l.id, w.name, w.state
      from unnest(over.kinds, over.names, over.states, over.waiting) as w(kind, name, state, task_id)
      join unnest(locked, wanted) as l(id, until) on l.id = w.task_id
      where w.kind = 'task' and not pulp.is_end_met(w.state, l.until)
      order by l.id, w.name
    ) s;
  if skipping is not null then
    perform pulp.skip_tasks(skipping, facts);
    more := true;
  end if;

  delete from pulp.dependency d
    where d.ctid = any (array(
      select x.row from unnest(over.kinds, over.names, over.waiting) as w(kind, name, task_id)
      cross join lateral (
        select y.ctid as row from pulp.dependency y where y.kind = w.kind and y.name = w.name and y.task_id = w.task_id offset 0
      ) x
      where w.task_id = any (locked)));
  ready := array(
    select l.id from unnest(locked) as l(id)
    where (l.id = any (skipping)) is not true
      and (select 1 from pulp.dependency d where d.task_id = l.id limit 1) is null);
  if ready <> '{}' then
    perform pulp.end_awaiting(ready);
  end if;

  insert into pulp.ending (kind, name)
    select w.kind, w.name
    from (
      select 'task' as kind, p.id::text as name from unnest(parents, states) as p(id, state)
      where p.state not in ('waiting', 'running', 'canceling')
      union all
      select 'group', g.id from unnest(groups) as g(id)
    ) w
    where (select 1 from pulp.dependency d where d.kind = w.kind and d.name = w.name limit 1) is not null;
  if found then
    more := more or cardinality(over.waiting) >= batch;
    kept := true;
  end if;
end $$;
comment on function pulp.judge_endings is 'Looks at what is over, and at who waits for it.';
