-- Drops a leaf of tasks that stands in a file and is detached from the log, and says so there.
create or replace function pulp.drop_archived_leaf(leaf text) returns void
language plpgsql set search_path = pulp, pg_temp as $$
declare
  known record;
begin
  select * into known from pulp.task_leaves() l
    where l.leaf = drop_archived_leaf.leaf and l.attachment = 'detached' and l.archive is not null;
  if not found or not known.archive @> pulp.leaf_content(leaf) then
    raise exception '% is no leaf that was archived and detached', quote_ident(leaf) using errcode = 'PU010',
      hint = 'Leaves leave the log by `pulp db archive` alone.';
  end if;
  execute format('drop table pulp.%I', leaf);
  perform pulp.append_system_event(leaf, 'LeafDropped',
    jsonb_build_object('class', known.class, 'starts', known.starts, 'ends', known.ends));
end $$;
comment on function pulp.drop_archived_leaf is 'Drops a leaf of tasks that stands in a file.';
