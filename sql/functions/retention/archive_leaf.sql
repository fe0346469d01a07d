-- Takes note that a leaf of tasks stands in a file, which was verified: from now on it may leave the log. Refused unless
-- its month has been over for a day, all its tasks were purged, all subscriptions have come past it, no older leaf is in the log any more, and the file holds as much.
-- Waits for whoever still writes there. One that was noted before, and has not left yet, may stand in another file since: it has to hold as much.
create or replace function pulp.archive_leaf(leaf text, archive jsonb) returns void
language plpgsql set search_path = pulp, pg_temp as $$
declare
  known record;
  content jsonb;
  readers text[];
begin
  select * into known from pulp.task_leaves() l where l.leaf = archive_leaf.leaf and (l.attachment = 'attached' or l.archive is not null);
  if not found then
    raise exception '% is no leaf of tasks that could be archived', quote_ident(leaf) using errcode = 'PU010',
      hint = 'See pulp.task_leaves() for those that are there.';
  end if;
  if known.ends > clock_timestamp() - interval '1 day' then
    raise exception 'leaf % is not closed: events were recorded there until %', leaf, known.ends using errcode = 'PU010',
      hint = 'Archive it a day after its end.';
  end if;
  if exists (select from pulp.task_leaves() l where l.starts < known.starts and l.archive is null) then
    raise exception 'an older leaf than % is not archived', leaf using errcode = 'PU010', hint = 'Archive the oldest leaf first.';
  end if;
  execute format('lock table pulp.%I in share mode', leaf);
  if known.archive is null and exists (select from pulp.unpurged_tasks(leaf, 1)) then
    raise exception 'leaf % has events of tasks that were not purged', leaf using errcode = 'PU010',
      hint = 'Purge them first.';
  end if;
  content := pulp.leaf_content(leaf);
  readers := pulp.leaf_readers(leaf, (content ->> 'last_position')::bigint);
  if known.archive is null and readers <> '{}' then
    raise exception 'leaf % has events that were not read yet by subscription %', leaf, array_to_string(readers, ', ') using errcode = 'PU010',
      hint = 'Let them catch up, set them forward by `pulp subscription replay NAME --from now`, or delete them.';
  end if;
  if not archive @> content then
    raise exception 'the archive of % does not hold what the leaf holds: %', leaf, content using errcode = 'PU010',
      hint = 'Archive it again.';
  end if;
  perform pulp.append_system_event(leaf, 'LeafArchived', archive);
end $$;
comment on function pulp.archive_leaf is 'Takes note that a leaf of tasks stands in a file.';
