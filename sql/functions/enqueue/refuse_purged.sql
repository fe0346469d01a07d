-- Refuses ids of tasks that are over and were purged: their streams have ended. Of new ids nobody needs to ask (see
-- pulp.are_new_ids), unless there was a purge of such young tasks (see pulp.young_purge). The session's say in how much of an index
-- is read is taken from it. A refusal names the place among "asked".
create or replace function pulp.refuse_purged(ids uuid[], asked uuid[]) returns void
language plpgsql stable set gin_fuzzy_search_limit = 0 as $$
declare
  purged record;
begin
  select array_position(asked, i.id) - 1 as index, i.id into purged
    from unnest(ids) with ordinality as i(id, ordinality)
    cross join lateral (
      select from pulp.event_batch b where b.ids @> array[i.id] and b.type = 'TaskPurged'
      union all
      select from pulp.event_single e where e.stream_kind = 'task' and e.stream_id = i.id::text and e.type = 'TaskPurged'
    ) event
    order by i.ordinality limit 1;
  if found then
    raise exception 'id: task % was enqueued before, is over and was purged', purged.id using errcode = 'PU003',
      detail = jsonb_build_object('item', purged.index),
      hint = 'Give each task an id of its own, or leave it out; nothing was enqueued.';
  end if;
end $$;
comment on function pulp.refuse_purged is 'Refuses ids of tasks that were purged.';
