-- Whether the log says that this task was purged.
create or replace function pulp.is_purged(task uuid) returns boolean
language plpgsql stable set enable_seqscan = off as $$
begin
  return exists (select from pulp.event_batch b where b.ids @> array[task] and b.type = 'TaskPurged')
    or exists (select from pulp.event_single e where e.stream_kind = 'task' and e.stream_id = task::text and e.type = 'TaskPurged');
end $$;
comment on function pulp.is_purged is 'Whether the log says that a task was purged.';
