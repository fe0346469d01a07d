-- The tasks that have events in a leaf, each once.
create or replace function pulp.leaf_streams(leaf text) returns setof text
language plpgsql stable set jit = off as $$
begin
  if leaf like 'event_batch%' then
    return query execute format('select distinct unnest(l.ids)::text from pulp.%I l', leaf);
  else
    return query execute format('select distinct l.stream_id from pulp.%I l', leaf);
  end if;
end $$;
comment on function pulp.leaf_streams is 'The tasks that have events in a leaf.';
