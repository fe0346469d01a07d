-- Records what becomes of the next occurrences of schedules, one event each, and enqueues those that are not skipped, in one
-- transaction; for the leader. Firings are objects with the keys name and version, as the leader saw the schedule: one that has changed
-- since, or that somebody else has locked, is left out; first_at, last_at, count: which occurrences; next_at: which one follows; why: they are skipped because
-- of that; else there is one, and it is enqueued unless it overlaps the one before. What somebody else has locked is not waited for longer
-- than lock_timeout says: the leader has other things to do.
create or replace function pulp.fire_schedules(firings jsonb, out enqueued integer, out skipped integer)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set lock_timeout = '100ms' as $$
#variable_conflict use_column
declare
  names text[];
  facts jsonb[];
  types text[];
  items jsonb;
  canceled record;
begin
  perform pulp.check_leader();
  perform pulp.know_era();
  perform pulp.need_event_leaf('event_system');

  names := array(
    select s.name from pulp.schedule s where s.name = any (array(select f ->> 'name' from jsonb_array_elements(firings) f))
    order by s.name for no key update skip locked);
  select array_agg(d.name order by d.name), array_agg(case when d.why is null then 'OccurrenceEnqueued' else 'OccurrenceSkipped' end order by d.name),
      array_agg(case when d.why is null
        then jsonb_build_object('nominal_at', d.last_at, 'task_id', d.task_id, 'next_at', d.next_at, 'by_hand', false)
        else jsonb_build_object('why', d.why, 'first_at', pulp.recorded_time(d.f -> 'first_at'), 'last_at', d.last_at, 'count', d.f -> 'count',
          'next_at', d.next_at, 'detail', coalesce(d.f ->> 'detail', case when d.why = 'overlap' then d.unfinished::text end)) end order by d.name),
      jsonb_agg(d.item order by d.name) filter (where d.why is null)
    into names, types, facts, items
    from (
      select s.name, f, t.id as unfinished, l.last_at, pulp.recorded_time(f -> 'next_at') as next_at, i.task_id, pulp.scheduled_item(s, i.task_id) as item,
        coalesce(f ->> 'why', case when s.overlap = 'skip' and t.id is not null then 'overlap' end) as why
      from jsonb_array_elements(firings) f
      join pulp.schedule s on s.name = f ->> 'name' and s.version = (f ->> 'version')::integer and s.state = 'active'
        and f ->> 'name' = any (names)
      cross join lateral (select pulp.recorded_time(f -> 'last_at') as last_at offset 0) l
      cross join lateral (select pulp.occurrence_id(s.name, l.last_at) as task_id offset 0) i
      left join lateral (
        select x.id from pulp.task x where x.id = s.last_task and x.state in ('waiting', 'running', 'canceling')
      ) t on true
      offset 0
    ) d;

  for canceled in
    select s.name, s.last_task from unnest(names, types) as n(name, type)
    join pulp.schedule s on s.name = n.name and s.overlap = 'cancel-previous'
    join lateral (select x.id from pulp.task x where x.id = s.last_task and x.state in ('waiting', 'running') offset 0) t on true
    where n.type = 'OccurrenceEnqueued' order by s.last_task
  loop
    perform pulp.cancel(canceled.last_task, format('the next occurrence of schedule %s is due', canceled.name));
  end loop;
  perform pulp.enqueue_columns(items => items) where items is not null;

  with appended as (
    insert into pulp.event_single (stream_kind, stream_id, version, type, data, actor)
    select 'system', pulp.schedule_stream(s.name), s.version + 1, n.type, n.facts, pulp.actor()
    from unnest(names, types, facts) as n(name, type, facts) join pulp.schedule s on s.name = n.name
    returning row(position, tx, stream_kind, stream_id, version, type, schema_version, data, correlation_id, causation_id, actor,
      recorded_at, "session_user")::pulp.event as event
  ),
  folded as (
    select f.* from appended a
    join pulp.schedule s on s.name = substr((a.event).stream_id, 10) collate "default" -- that of its index
    cross join lateral pulp.evolve_schedule(s, a.event) f
    offset 0
  )
  update pulp.schedule s set state = f.state, next_at = f.next_at, last_at = f.last_at, last_task = f.last_task, enqueued = f.enqueued,
    skipped = f.skipped, version = f.version
    from folded f where s.name = f.name;
  enqueued := coalesce(jsonb_array_length(items), 0);
  skipped := coalesce(cardinality(names), 0) - enqueued;
end $$;
comment on function pulp.fire_schedules is 'Records what becomes of the next occurrences of schedules, and enqueues them.';
