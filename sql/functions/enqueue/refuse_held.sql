-- Refuses ids of holds: the claims of both would be taken for those of one. A refusal names the place among "asked".
create or replace function pulp.refuse_held(ids uuid[], asked uuid[]) returns void
language plpgsql stable as $$
declare
  held record;
begin
  select array_position(asked, i.id) - 1 as index, i.id into held
    from unnest(ids) with ordinality as i(id, ordinality)
    where (select 1 from pulp.hold h where h.id = i.id) is not null
    order by i.ordinality limit 1;
  if found then
    raise exception 'id: it is that of hold %', held.id using errcode = 'PU003', detail = jsonb_build_object('item', held.index),
      hint = 'Give each task an id of its own, or leave it out; nothing was enqueued.';
  end if;
end $$;
comment on function pulp.refuse_held is 'Refuses ids of holds.';
