-- Refuses the ends of runs that do not say what the state after them is made of: for how long they are put off, or what interrupted them.
create or replace function pulp.refuse_vague_ends(types text[], facts jsonb[]) returns void
language plpgsql immutable as $$
begin
  if exists (
    select from unnest(types, facts) as ended(type, facts)
    where ended.type = 'TaskSnoozed' and ended.facts ->> 'run_after' is null
  ) then
    raise exception 'a snoozed run does not say for how long' using errcode = 'PU004', hint = 'Give "seconds": a number from 0 on.';
  end if;
  if exists (
    select from unnest(types, facts) as ended(type, facts)
    where ended.type = 'TaskInterrupted' and (ended.facts ->> 'by' in ('shutdown', 'host', 'session', 'leftover')) is not true
  ) then
    raise exception 'an interrupted run does not say by what' using errcode = 'PU004',
      hint = 'Give "by": shutdown, host, session or leftover.';
  end if;
end $$;
comment on function pulp.refuse_vague_ends is 'Refuses the ends of runs that do not say what the state after them is made of.';
