-- Refuses ids of tasks that are over and were purged: their streams have ended. Of new ids nobody needs to ask (see
-- pulp.are_new_ids), unless there was a purge of such young tasks (see pulp.young_purge).
create or replace function pulp.refuse_purged(ids uuid[]) returns void
language plpgsql stable as $$
declare
  purged record;
begin
  select i.ordinality - 1 as index, i.id into purged
    from unnest(ids) with ordinality as i(id, ordinality)
    where pulp.is_purged(i.id)
    order by i.ordinality limit 1;
  if found then
    raise exception 'id: task % was enqueued before, is over and was purged', purged.id using errcode = 'PU003',
      detail = jsonb_build_object('item', purged.index),
      hint = 'Give each task an id of its own, or leave it out; nothing was enqueued.';
  end if;
end $$;
comment on function pulp.refuse_purged is 'Refuses ids of tasks that were purged.';
