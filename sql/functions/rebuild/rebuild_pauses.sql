-- Puts the pauses right, from the log. Gives how many were wrong.
create or replace function pulp.rebuild_pauses() returns integer
language plpgsql set search_path = pulp, pg_temp as $$
declare
  wrong integer;
begin
  if not exists (select from pulp.fold_pause_differences()) then
    return 0; -- and nobody is kept waiting
  end if;
  lock table pulp.pause in share row exclusive mode;
  select count(*) into wrong from pulp.fold_pause_differences();
  if wrong > 0 then
    delete from pulp.pause;
    insert into pulp.pause select * from pulp.pause_at();
  end if;
  return wrong;
end $$;
comment on function pulp.rebuild_pauses is 'Puts the pauses right, from the log.';
