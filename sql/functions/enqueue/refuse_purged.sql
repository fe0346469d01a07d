-- Refuses ids of tasks that are over and were purged: their streams have ended. Ids that grow with time and were made within
-- ten minutes are taken for new without looking into the log; one that was used twice in that time is refused by its index.
create or replace function pulp.refuse_purged(items jsonb) returns void
language plpgsql stable as $$
declare
  now_ms constant bigint := extract(epoch from clock_timestamp()) * 1000;
  recent_from constant uuid := rpad(lpad(to_hex(now_ms - 600000), 12, '0'), 32, '0');
  recent_to constant uuid := rpad(lpad(to_hex(now_ms + 600000), 12, '0'), 32, '0');
  indexes bigint[];
  ids uuid[];
  purged record;
begin
  select array_agg(i.ordinality - 1), array_agg((i.item ->> 'id')::uuid) into indexes, ids
    from jsonb_array_elements(items) with ordinality as i(item, ordinality)
    where (i.item ->> 'id')::uuid not between recent_from and recent_to;
  if ids is null then
    return;
  end if;
  select given.index, given.id into purged
    from unnest(indexes, ids) as given(index, id)
    cross join lateral (
      select from pulp.event e where e.stream_kind = 'task' and e.stream_id = given.id::text and e.type = 'TaskPurged' offset 0
    ) event
    order by given.index limit 1;
  if found then
    raise exception 'id: task % was enqueued before, is over and was purged', purged.id using errcode = 'PU003',
      detail = jsonb_build_object('item', purged.index),
      hint = 'Give each task an id of its own, or leave it out; nothing was enqueued.';
  end if;
end $$;
comment on function pulp.refuse_purged is 'Refuses ids of tasks that were purged.';
