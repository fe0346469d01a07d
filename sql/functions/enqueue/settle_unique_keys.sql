-- Settles which of the tasks of an enqueue stand for others, because they ask for the same unique key, and for which of them a task stands
-- that is there already. Gives the task that stands for each, in order, and the facts of those that stand for themselves with their keys.
-- What a request asks for decides: keep, the one that is there stands; replace, it is canceled; refuse, nothing is enqueued.
create or replace function pulp.settle_unique_keys(
  common jsonb, enqueued_at timestamptz, task_ids uuid[], inout facts jsonb[], out standing uuid[]
)
language plpgsql as $$
#variable_conflict use_column
declare
  apart constant boolean := pulp.are_owners_apart();
  keys text[];
  bad_index bigint;
  holder uuid;
  replaced uuid[];
  replacing uuid[];
  on_request boolean[]; -- or since its time is over
begin
  select array_agg(case when a.option is not null then
        case when apart then (a.data ->> 'owner') || ' ' else '' end || (a.data ->> 'name') || ' '
          || coalesce(a.option ->> 'key', md5((a.data -> 'args')::text || (a.data -> 'kwargs')::text)) end order by a.ordinality),
      min(a.ordinality) filter (where a.option is not null and not a.option ? 'key' and t.name is not null) - 1
    into keys, bad_index
    from (
      select f.ordinality, common || f.facts as data, (common || f.facts) #> '{options,unique}' as option
      from unnest(facts) with ordinality as f(facts, ordinality) offset 0
    ) a
    left join pulp.task_type t on t.name = a.data ->> 'name' and t.schema ? 'secrets';
  if bad_index is not null then
    raise exception 'unique: the arguments are encrypted, so that no two tasks have the same' using errcode = 'PU004',
      detail = jsonb_build_object('item', bad_index), hint = 'Give it a key; nothing was enqueued.';
  end if;

  -- A caller that asks for a task that has not started counts on it: none starts before this transaction has ended.
  perform pulp.lock_waiting_tasks(array(
    select t.id from unnest(keys) as k(key)
    cross join lateral (select x.id, x.state, x.options from pulp.task x where x.unique_key = k.key offset 0) t
    where t.state = 'waiting' and t.options #>> '{unique,while}' = 'waiting' and t.id <> all (task_ids)));

  with asked as (
    select a.ordinality, a.id, a.key, (common || a.facts) #>> '{options,unique,then}' as then
    from unnest(task_ids, keys, facts) with ordinality as a(id, key, facts, ordinality)
    where a.key is not null and (select 1 from pulp.task t where t.id = a.id) is null
  ),
  settled as (
    select a.key, t.id as holder, pulp.keeps_unique_key(t.options, t.state, settle_unique_keys.enqueued_at) as is_held,
      (array_agg(a.id order by a.ordinality))[1] as first_id,
      (array_agg(a.id order by a.ordinality desc) filter (where a.then = 'replace'))[1] as last_replacing
    from asked a
    left join lateral (select x.id, x.options, x.state from pulp.task x where x.unique_key = a.key offset 0) t on true
    group by a.key, t.id, t.options, t.state
  ),
  winner as (
    select s.*, coalesce(s.last_replacing, case when s.is_held then s.holder end, s.first_id) as id from settled s
  ),
  outcome as (
    select i.ordinality, i.id, coalesce(w.id, i.id) as stands, a.then = 'refuse' and w.id <> i.id as is_refused
    from unnest(task_ids) with ordinality as i(id, ordinality)
    left join asked a using (ordinality)
    left join winner w using (key)
  )
  select array_agg(o.stands order by o.ordinality), min(o.ordinality) filter (where o.is_refused) - 1,
      (array_agg(o.stands order by o.ordinality) filter (where o.is_refused))[1],
      array(select w.holder from winner w where w.holder <> w.id order by w.holder),
      array(select w.id from winner w where w.holder <> w.id order by w.holder),
      array(select w.last_replacing is not null from winner w where w.holder <> w.id order by w.holder)
    into standing, bad_index, holder, replaced, replacing, on_request
    from outcome o;
  if bad_index is not null then
    raise exception 'unique: task % stands for it', holder using errcode = 'PU030',
      detail = jsonb_build_object('item', bad_index),
      hint = 'Wait for that task, or ask for another key; nothing was enqueued.';
  end if;

  facts := array(
    select case when x.key is null or x.stands <> x.id then x.facts else x.facts
      || jsonb_build_object('unique_key', x.key, 'options', x.options || jsonb_strip_nulls(jsonb_build_object('unique_until',
        settle_unique_keys.enqueued_at + (x.options #>> '{unique,for}')::double precision * interval '1 s'))) end
    from (
      select f.*, (common || f.facts) -> 'options' as options
      from unnest(task_ids, keys, facts, standing) with ordinality as f(id, key, facts, stands, ordinality)
      offset 0
    ) x
    order by x.ordinality);

  if replaced <> '{}' then
    perform pulp.cancel(r.old, format('task %s replaces it', r.new))
      from unnest(replaced, replacing) as r(old, new)
      cross join lateral (select x.options, x.state from pulp.task x where x.id = r.old offset 0) t
      where pulp.keeps_unique_key(t.options, t.state, settle_unique_keys.enqueued_at);
    -- A waiting one changes under the lock of its job alone. One that keeps its key by now was run again beside this: it stands, which
    -- shows when the new task is to be inserted.
    perform pulp.lock_waiting_tasks(replaced);
    replaced := array(
      select t.id from unnest(replaced, on_request) as i(id, on_request)
      cross join lateral (
        select x.id from pulp.task x
        where x.id = i.id and x.unique_key is not null
          and (i.on_request or not pulp.keeps_unique_key(x.options, x.state, settle_unique_keys.enqueued_at))
        for no key update
      ) t);
    perform pulp.append_task_events('UniqueKeyReleased', replaced) where replaced <> '{}';
  end if;
end $$;
comment on function pulp.settle_unique_keys is 'Settles which of the tasks of an enqueue stand for others, because they ask for the same unique key.';
