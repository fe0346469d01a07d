-- Enqueues many tasks, all or none, in the caller's transaction, and gives their ids in order. What all have in common is said
-- once, as an object with the keys of pulp.enqueue_batch; what differs comes in columns, JSON arrays of one length with one
-- element a task: its id, args, kwargs, resources, shared_resources, and an object with whatever else it says. Without any
-- column, it is one task. An id that is there already with the same content is not enqueued again.
create or replace function pulp.enqueue_columns(
  common jsonb default '{}', ids jsonb default null, args jsonb default null, kwargs jsonb default null,
  resources jsonb default null, shared_resources jsonb default null, items jsonb default null
) returns uuid[]
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off as $$
declare
  enqueued_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  columns constant jsonb[] := array_remove(array[ids, args, kwargs, resources, shared_resources, items], null);
  given jsonb;
  are_good boolean;
  bad record;
  task_ids uuid[];
  first_name text;
  last_name text;
  are_unchecked boolean;
  enqueued bigint;
  deliverable uuid[];
  claiming pulp.event[];
  deferred uuid[];
begin
  if to_regclass('pulp.' || pulp.event_leaf_name('event_task', enqueued_at)) is null then
    perform pulp.need_event_leaf('event_task', enqueued_at);
  end if;
  if jsonb_typeof(common) is distinct from 'object' then
    raise exception 'what is common to all must be an object' using errcode = 'PU004',
      hint = 'Correct this value; nothing was enqueued.';
  end if;
  foreach given in array columns loop
    if jsonb_typeof(given) <> 'array' or jsonb_array_length(given) <> jsonb_array_length(columns[1]) then
      raise exception 'the columns must be JSON arrays of one length' using errcode = 'PU004',
        hint = 'Give each column one element a task; nothing was enqueued.';
    end if;
  end loop;
  if columns = '{}' then
    items := '[{}]';
  end if;

  -- What is wrong is asked only of those that look unusual. What is common to all is looked at once.
  select bool_and(r.is_good),
      array_agg(case when r.is_good then coalesce((r.id #>> '{}')::uuid, pulp.new_id()) end order by r.ordinality),
      min(r.name), max(r.name), bool_and(r.is_unchecked)
    into are_good, task_ids, first_name, last_name, are_unchecked
    from (
      select r.ordinality, r.id, r.name #>> '{}' as name, r.rest -> 'unchecked' is not distinct from 'true' as is_unchecked,
        case when pulp.is_plain_request(r.id, r.args, r.kwargs, r.resources, r.shared_resources,
          case when r.ordinality = 1 or items is not null then r.rest end)
        then true else pulp.item_problem(r.item) is null end as is_good
      from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r
      offset 0
    ) r;
  if not are_good then
    select r.ordinality - 1 as index, problem into bad
      from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r
      cross join lateral pulp.item_problem(r.item) as problem
      where problem is not null
      order by r.ordinality limit 1;
    raise exception '%', bad.problem using errcode = 'PU004',
      detail = jsonb_build_object('item', bad.index), hint = 'Correct this value; nothing was enqueued.';
  end if;

  if not are_unchecked and exists (select from pulp.task_type) then
    perform pulp.check_task_types(array(
      select r.name #>> '{}' from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r
      where r.rest -> 'unchecked' is distinct from 'true'));
  end if;
  if exists (select from pulp.task_type t where t.schema ? 'secrets' and t.name between first_name and last_name) then
    perform pulp.refuse_plain_secrets(array(
      select r.item from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r order by r.ordinality));
  end if;
  if not pulp.are_new_ids(task_ids) then
    perform pulp.refuse_purged(task_ids);
  end if;

  with said as materialized (
    select task_ids[r.ordinality] as id, nextval('pulp.event_position') as position,
      pulp.enqueued_data(r.name, r.queue, r.args, r.kwargs, r.resources, r.shared_resources, r.rest, enqueued_at) as facts,
      coalesce(r.rest ->> 'correlation_id', task_ids[r.ordinality]::text) as correlation_id,
      (r.rest ->> 'parent_id')::uuid as parent_id
    from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r
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
      count(*),
      array_agg(f.id) filter (where f.is_free and not f.is_deferred),
      array_agg(pulp.task_event(
        f.position, tx, f.id, 1, 'TaskEnqueued', f.facts, f.correlation_id, f.parent_id, acting, enqueued_at))
        filter (where not f.is_free and not f.is_deferred),
      array_agg(f.id) filter (where f.is_deferred)
    into enqueued, deliverable, claiming, deferred
    from fresh f;

  if enqueued < cardinality(task_ids) then
    perform pulp.check_same_content(task_ids,
      array_agg(pulp.enqueued_data(
        r.name, r.queue, r.args, r.kwargs, r.resources, r.shared_resources, r.rest, enqueued_at) order by r.ordinality),
      array_agg(r.rest ->> 'correlation_id' order by r.ordinality))
      from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r;
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
  return coalesce(task_ids, '{}');
end $$;
comment on function pulp.enqueue_columns is 'Enqueues many tasks, all or none, by columns; gives their ids in order.';
