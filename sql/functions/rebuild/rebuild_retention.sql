-- Puts right for how long things are kept, from the log. Gives how many rows were wrong.
create or replace function pulp.rebuild_retention() returns integer
language plpgsql set search_path = pulp, pg_temp as $$
declare
  wrong integer;
begin
  if not exists (select from pulp.fold_retention_differences()) then
    return 0; -- and nobody is kept waiting
  end if;
  lock table pulp.retention in share row exclusive mode;
  select count(*) into wrong from pulp.fold_retention_differences();
  if wrong > 0 then
    delete from pulp.retention;
    insert into pulp.retention select * from pulp.retention_at();
  end if;
  return wrong;
end $$;
comment on function pulp.rebuild_retention is 'Puts right for how long things are kept, from the log.';
