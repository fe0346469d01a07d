-- Enqueues many tasks, all or none, in the caller's transaction, and gives their ids in order. Items are objects with
-- the keys name, args, kwargs, resources, shared_resources, queue, priority, delay, at, retries, timeout, group,
-- correlation_id, id (and parent_id, unchecked). An id that is there already with the same content is not enqueued again.
create or replace function pulp.enqueue_batch(items jsonb) returns setof uuid
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off as $$
declare
  enqueued_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pg_current_xact_id();
  bad record;
  ids uuid[];
  enqueued bigint;
  deliverable uuid[];
  claiming pulp.event[];
  deferred uuid[];
begin
  perform pulp.need_event_leaf('event_task', enqueued_at);
  if jsonb_typeof(items) is distinct from 'array' then
    raise exception 'the items must be a JSON array' using errcode = 'PU004', hint = 'Give an array of objects, one a task.';
  end if;
  select i.ordinality - 1 as index, problem into bad
    from jsonb_array_elements(items) with ordinality as i(item, ordinality)
    cross join lateral pulp.item_problem(i.item) as problem
    where problem is not null
    order by i.ordinality limit 1;
  if found then
    raise exception '%', bad.problem using errcode = 'PU004',
      detail = jsonb_build_object('item', bad.index), hint = 'Correct this value; nothing was enqueued.';
  end if;
  if exists (select from pulp.task_type) then
    perform pulp.check_task_types(array(
      select item ->> 'name' from jsonb_array_elements(items) as item where (item ->> 'unchecked')::boolean is not true));
  end if;

  if exists (select from pulp.task_type where schema ? 'secrets') then
    perform pulp.refuse_plain_secrets(items);
  end if;
  perform pulp.refuse_purged(items);

  with item as materialized (
    select coalesce((i.item ->> 'id')::uuid, pulp.new_id()) as id, i.item, i.ordinality
    from jsonb_array_elements(items) with ordinality as i(item, ordinality)
  ),
  said as materialized (
    select id, nextval('pulp.event_position') as position, pulp.enqueued_data(item, enqueued_at) as facts,
      coalesce(item ->> 'correlation_id', id::text) as correlation_id, (item ->> 'parent_id')::uuid as parent_id
    from item
  ),
  inserted as (
    insert into pulp.task as t
    select (pulp.evolve_task(null, pulp.task_event(
      s.position, tx, s.id, 1, 'TaskEnqueued', s.facts, s.correlation_id, s.parent_id, acting, enqueued_at))).*
    from said s
    on conflict (id) do nothing -- of an id that is there twice, the first is taken
    returning t.position, t.run_after is not null as is_deferred, not pulp.has_claims(t) as is_free
  ),
  fresh as materialized (
    select i.is_deferred, i.is_free, s.position, s.id, s.facts, s.correlation_id, s.parent_id
    from inserted i join said s on s.position = i.position
  ),
  logged as (
    insert into pulp.event
    select (pulp.task_event(
      f.position, tx, f.id, 1, 'TaskEnqueued', f.facts, f.correlation_id, f.parent_id, acting, enqueued_at)).*
    from fresh f
  )
  select
      (select array_agg(id order by ordinality) from item), count(*),
      array_agg(f.id) filter (where f.is_free and not f.is_deferred),
      array_agg(pulp.task_event(
        f.position, tx, f.id, 1, 'TaskEnqueued', f.facts, f.correlation_id, f.parent_id, acting, enqueued_at))
        filter (where not f.is_free and not f.is_deferred),
      array_agg(f.id) filter (where f.is_deferred)
    into ids, enqueued, deliverable, claiming, deferred
    from fresh f;

  if enqueued < cardinality(ids) then
    perform pulp.check_same_content(ids, items, enqueued_at);
  end if;

  -- Those without claims can be delivered; the others take their places in line. Both wait until they are due.
  if deliverable is not null then
    perform pulp.deliver(deliverable);
  end if;
  if claiming is not null then
    perform pulp.take_place_in_line(claiming);
  end if;
  if deferred is not null then
    perform pulp.defer(deferred);
  end if;
  return query select unnest(ids);
end $$;
comment on function pulp.enqueue_batch is 'Enqueues many tasks, all or none; gives their ids in order.';
