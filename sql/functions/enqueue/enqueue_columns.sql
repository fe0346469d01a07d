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
  column_values jsonb;
  has_huge_numbers boolean := pulp.has_huge_number(common);
  are_good boolean;
  common_facts jsonb := '{}';
  parents text[];
  -- What was asked for, and which task stands for each: its own, or another that holds the same unique key.
  asked_ids uuid[];
  asked_facts jsonb[];
  asked_correlation_ids text[];
  asked_parent_ids uuid[];
  standing uuid[];
  -- Those that stand for themselves, and their places among all that was asked for.
  places bigint[];
  task_ids uuid[];
  facts jsonb[];
  correlation_ids text[];
  parent_ids uuid[];
  positions bigint[];
  inserted_positions bigint[];
  first_name text;
  last_name text;
  some_unchecked boolean;
  some_checked boolean;
  some_reserved boolean;
  are_owned boolean;
  is_apart boolean;
  some_wait boolean;
  some_unique boolean;
  some_require boolean;
  deliverable uuid[];
  claiming bigint[];
  deferred uuid[];
  grouped uuid[];
begin
  if to_regclass('pulp.' || pulp.event_leaf_name('event_batch', enqueued_at)) is null then
    perform pulp.need_event_leaf('event_batch', enqueued_at);
  end if;
  if jsonb_typeof(common) is distinct from 'object' then
    raise exception 'what is common to all must be an object' using errcode = 'PU004',
      hint = 'Correct this value; nothing was enqueued.';
  end if;
  foreach column_values in array columns loop
    if jsonb_typeof(column_values) <> 'array' or jsonb_array_length(column_values) <> jsonb_array_length(columns[1]) then
      raise exception 'the columns must be JSON arrays of one length' using errcode = 'PU004',
        hint = 'Give each column one element a task; nothing was enqueued.';
    end if;
    has_huge_numbers := has_huge_numbers or pulp.has_huge_number(column_values);
  end loop;
  if columns = '{}' then
    items := '[{}]';
  end if;
  if exists (select from pulp.task_type t where t.defaults is not null) then
    items := (
      select jsonb_agg(case when jsonb_typeof(i.item) = 'object' then pulp.with_defaults(i.item, common) else i.item end order by i.ordinality)
      from jsonb_array_elements(items) with ordinality as i(item, ordinality));
    common := pulp.with_defaults(common);
  end if;
  if has_huge_numbers then
    perform pulp.refuse_bad_item(common, ids, args, kwargs, resources, shared_resources, items);
  end if;

  -- In one pass. What is wrong is asked only of those that look unusual; what is common to all is looked at once.
  select bool_and(r.is_good), array_agg(r.id order by r.ordinality), array_agg(r.facts order by r.ordinality),
      array_agg(coalesce(r.correlation_id, r.id::text) order by r.ordinality), array_agg(r.parent order by r.ordinality),
      min(r.name), max(r.name), bool_or(r.is_unchecked), bool_or(not r.is_unchecked), bool_or(r.is_reserved), coalesce(bool_or(r.is_owned), false),
      coalesce(bool_or(r.is_unique), false), coalesce(bool_or(r.waits), false),
      coalesce(bool_or(r.requires), false)
    into are_good, asked_ids, asked_facts, asked_correlation_ids, parents, first_name, last_name, some_unchecked, some_checked, some_reserved, are_owned,
      some_unique, some_wait, some_require
    from (
      select g.ordinality, g.is_good, g.name, pulp.is_reserved_worker(g.queue #>> '{}') as is_reserved, g.rest ? 'owner' as is_owned, g.rest ? 'unique' as is_unique, g.rest ?| array['after', 'finally'] as waits, g.rest ? 'requires' as requires, g.rest -> 'unchecked' is not distinct from 'true' as is_unchecked,
        case when g.is_good then coalesce((g.given_id #>> '{}')::uuid, pulp.new_id()) end as id,
        case when g.is_good then
          case when items is null then '{}' else pulp.enqueued_common(to_jsonb(g.name), g.queue, g.rest, enqueued_at, acting) end
            || pulp.enqueued_own(g.args, g.kwargs, g.resources, g.shared_resources) end as facts,
        g.rest ->> 'correlation_id' as correlation_id, g.rest ->> 'parent_id' as parent
      from (
        select r.ordinality, r.id as given_id, r.name #>> '{}' as name, r.queue, r.args, r.kwargs, r.resources, r.rest,
          case when jsonb_typeof(r.rest -> 'units') = 'object'
            then pulp.with_units(r.shared_resources, r.rest -> 'units') else r.shared_resources end as shared_resources,
          case when pulp.is_plain_request(r.id, r.args, r.kwargs, r.resources, r.shared_resources,
            case when r.ordinality = 1 or items is not null then r.rest end)
          then true else pulp.item_problem(r.item) is null end as is_good
        from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r
        offset 0
      ) g
      offset 0
    ) r;
  if not are_good then
    perform pulp.refuse_bad_item(common, ids, args, kwargs, resources, shared_resources, items);
  end if;
  if are_owned and not pulp.acts_for_all() then
    raise exception 'owner: only who acts for all may say for whom' using errcode = 'PU022', hint = 'Leave it out; nothing was enqueued.';
  end if;
  asked_parent_ids := parents;
  if some_reserved then
    perform pulp.check_reserved_queues(array(
      select r.queue #>> '{}' from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r order by r.ordinality));
  end if;

  if some_checked and exists (select from pulp.task_type) then
    perform pulp.check_task_types(case when first_name = last_name and not some_unchecked then array[first_name] else array(
      select r.name #>> '{}' from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r
      where r.rest -> 'unchecked' is distinct from 'true') end);
  end if;
  if exists (select from pulp.task_type t where t.schema ? 'secrets' and t.name between first_name and last_name) then
    perform pulp.refuse_plain_secrets(array(
      select r.item from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r order by r.ordinality));
  end if;

  if asked_ids is null then
    return '{}';
  end if;

  if items is null then
    common_facts := pulp.enqueued_common(common -> 'name', common -> 'queue', common, enqueued_at, acting);
  end if;
  -- What is enqueued for another was held to that one's quota when it was asked for.
  if exists (select from pulp.quota) and not pulp.is_operator() and not are_owned then
    perform pulp.check_quota(acting, common_facts, asked_facts);
  end if;
  -- Whether an id is another's shows when it is inserted.
  is_apart := pulp.are_owners_apart() and not pulp.acts_for_all();
  if is_apart and (array_remove(asked_parent_ids, null) <> '{}' or asked_correlation_ids <> asked_ids::text[]) then
    perform pulp.check_owner(acting, asked_ids, asked_parent_ids, asked_correlation_ids);
  end if;
  if exists (select from pulp.resource_limit l where l.resource between '/queues/' and '/queues0' or l.resource between '/types/' and '/types0') then
    asked_facts := pulp.claiming_limited(common_facts, asked_facts);
  end if;
  if array_remove(asked_parent_ids, null) <> '{}' then
    asked_facts := pulp.owned_by_parents(asked_facts, asked_parent_ids);
  end if;

  -- Where somebody else has just taken a unique key, who stands is settled anew for all, now that the other one can be seen.
  loop
    facts := asked_facts;
    standing := asked_ids;
    if some_unique then
      select s.* into facts, standing from pulp.settle_unique_keys(common_facts, enqueued_at, asked_ids, asked_facts) s;
    end if;
    if standing = asked_ids then
      if some_wait then
        places := array(select generate_series(1, cardinality(asked_ids)));
      end if;
      task_ids := asked_ids;
      correlation_ids := asked_correlation_ids;
      parent_ids := asked_parent_ids;
    else
      if some_wait then
        facts := pulp.after_standing(asked_ids, standing, common_facts, facts);
      end if;
      select array_agg(a.place order by a.place), array_agg(a.id order by a.place), array_agg(a.facts order by a.place),
          array_agg(a.correlation_id order by a.place), array_agg(a.parent_id order by a.place)
        into places, task_ids, facts, correlation_ids, parent_ids
        from unnest(asked_ids, facts, asked_correlation_ids, asked_parent_ids, standing) with ordinality
          as a(id, facts, correlation_id, parent_id, stands, place)
        where a.stands = a.id;
      if task_ids is null then
        return standing;
      end if;
    end if;
    if some_wait then
      facts := pulp.awaiting_facts(task_ids, common_facts, facts, places);
    end if;
    if some_require then
      perform pulp.know_requirements(array_agg(coalesce(f.facts ->> 'name', common_facts ->> 'name')),
          array_agg(coalesce(f.facts -> 'options', common_facts -> 'options')))
        from unnest(facts) f(facts);
    end if;
    positions := pulp.new_positions(cardinality(task_ids));
    if some_unique then
      select i.* into inserted_positions, deliverable, claiming, deferred, grouped
        from pulp.insert_unique_tasks(common_facts, enqueued_at, task_ids, positions, facts, correlation_ids) i;
    else
      select i.* into inserted_positions, deliverable, claiming, deferred, grouped
        from pulp.insert_tasks(common_facts, enqueued_at, task_ids, positions, facts, correlation_ids, ids is not null or items is not null) i;
    end if;
    exit when found;
  end loop;

  if inserted_positions = positions then
    perform pulp.log_batches(pulp.event_batches('TaskEnqueued', positions, task_ids, array_fill(1, array[cardinality(task_ids)]), facts,
      correlation_ids, parent_ids, tx, enqueued_at, common_facts));
  else
    perform pulp.log_batches(pulp.event_batches('TaskEnqueued', array_agg(s.position order by s.position),
        array_agg(s.id order by s.position), array_agg(1), array_agg(s.facts order by s.position),
        array_agg(s.correlation_id order by s.position), array_agg(s.parent_id order by s.position), tx, enqueued_at, common_facts))
      from unnest(inserted_positions) as f(position)
      join unnest(task_ids, positions, facts, correlation_ids, parent_ids) as s(id, position, facts, correlation_id, parent_id)
        using (position)
      having count(*) > 0;
    perform pulp.check_owner(acting, asked_ids, asked_parent_ids, asked_correlation_ids) where is_apart;
    perform pulp.check_same_content(asked_ids, common_facts, asked_facts, asked_correlation_ids);
  end if;
  -- Last, so that a purge beside this enqueue is seen, too.
  if not pulp.are_new_ids(task_ids) or exists (select from pulp.young_purge p where p.until > enqueued_at) then
    perform pulp.refuse_purged(task_ids, asked_ids);
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    perform pulp.refuse_unseen_purges(task_ids);
  end if;
  if exists (select from pulp.hold) then
    perform pulp.refuse_held(task_ids, asked_ids);
  end if;

  -- Those without claims can be delivered; the others take their places in line. Both wait until they are due.
  if deliverable is not null then
    perform pulp.deliver(deliverable);
  end if;
  if claiming is not null then
    perform pulp.take_place_in_line(array(
      select pulp.task_event(s.position, tx, s.id, 1, 'TaskEnqueued', common_facts || s.facts, s.correlation_id, s.parent_id, acting,
        enqueued_at)
      from unnest(claiming) as c(position)
      join unnest(task_ids, positions, facts, correlation_ids, parent_ids) as s(id, position, facts, correlation_id, parent_id)
        using (position)));
  end if;
  if deferred is not null then
    perform pulp.defer(deferred);
    if some_wait then
      perform pulp.await_others(deferred);
    end if;
  end if;
  if grouped is not null then
    perform pulp.enter_groups(grouped, asked_ids);
  end if;
  if random() < 0.002 then
    perform pulp.sum_task_flow(2000), pulp.sum_group_flow(2000); -- the leader does it, but there may be none for long
  end if;
  return standing;
end $$;
comment on function pulp.enqueue_columns is 'Enqueues many tasks, all or none, by columns; gives their ids in order.';
