-- Enqueues many tasks, all or none, in the caller's transaction, and gives their ids in order. Items are objects with
-- the keys name, args, kwargs, resources, shared_resources, queue, priority, delay, at, retries, timeout, group,
-- correlation_id, id (and parent_id, unchecked). An id that is there already with the same content is not enqueued again.
create or replace function pulp.enqueue_batch(items jsonb) returns setof uuid
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off as $$
declare
  enqueued_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  bad record;
  ids uuid[];
  enqueued bigint;
  deliverable pulp.task[];
  claiming pulp.event[];
  deferred pulp.task[];
begin
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
  once as materialized (
    select id, item, ordinality from (
      select distinct on (id) id, item, ordinality from item order by id, ordinality
    ) first_of_id
    order by ordinality
  ),
  appended as materialized (
    select row(nextval('pulp.event_position'), pg_current_xact_id(), 'task', id::text, 1, 'TaskEnqueued', 1,
      pulp.enqueued_data(item, enqueued_at),
      coalesce(item ->> 'correlation_id', id::text), (item ->> 'parent_id')::uuid, acting, enqueued_at
    )::pulp.event as event
    from once
  ),
  folded as materialized (
    select event, pulp.evolve_task(null, event) as task from appended
  ),
  inserted as (
    insert into pulp.task select (task).* from folded
    on conflict (id) do nothing
    returning id
  ),
  fresh as materialized (
    select folded.event, folded.task, (folded.task).exclusive_resources = '{}' and (folded.task).shared_resources = '{}' as free
    from folded join inserted on inserted.id = (folded.task).id
  ),
  logged as (
    insert into pulp.event select (event).* from fresh
  )
  select
      (select array_agg(id order by ordinality) from item), count(*),
      array_agg(task) filter (where free and (task).run_after is null),
      array_agg(event) filter (where not free and (task).run_after is null),
      array_agg(task) filter (where (task).run_after is not null)
    into ids, enqueued, deliverable, claiming, deferred
    from fresh;

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
