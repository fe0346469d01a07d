-- The name of what is kept for a while: of all, and of the log, the empty one. Refuses what cannot be.
create or replace function pulp.retention_target(kind text, name text) returns text
language plpgsql immutable as $$
declare
  problem text;
begin
  problem := case
    when (kind in ('all', 'queue', 'type', 'log')) is not true then format('there is no kind "%s"; give all, queue, type or log', kind)
    when kind in ('all', 'log') and coalesce(name, '') <> '' then format('%s has no name', kind)
    when kind in ('queue', 'type') and pulp.is_name(name) is not true then
      format('%s: must start with a letter and have at most 128 letters, digits and characters of _.:@-', kind) end;
  if problem is not null then
    raise exception '%', problem using errcode = 'PU004', hint = 'Correct this value; nothing was changed.';
  end if;
  return case when kind in ('all', 'log') then '' else name end;
end $$;
comment on function pulp.retention_target is 'The name of what is kept for a while.';
