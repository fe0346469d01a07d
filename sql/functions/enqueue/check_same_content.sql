-- Refuses an id that is used a second time for something else; the same content again is fine.
create or replace function pulp.check_same_content(ids uuid[], common jsonb, facts jsonb[], correlation_ids text[]) returns void
language plpgsql stable as $$
declare
  other record;
begin
  select i.ordinality - 1 as index, i.id into other
    from unnest(ids, facts, correlation_ids) with ordinality as i(id, facts, correlation_id, ordinality)
    join pulp.histories(ids) e on e.stream_id = i.id::text and e.version = 1
    where pulp.asked_content(e.data) <> pulp.asked_content(common || i.facts) or e.correlation_id <> i.correlation_id
    order by i.ordinality limit 1;
  if found then
    raise exception 'id: task % was enqueued before with other content', other.id using errcode = 'PU003',
      detail = jsonb_build_object('item', other.index),
      hint = 'Give each task an id of its own, or leave it out; nothing was enqueued.';
  end if;
end $$;
comment on function pulp.check_same_content is 'Refuses an id that is used a second time for something else.';
