-- Puts the schedules right, from the log. Gives how many were wrong.
create or replace function pulp.rebuild_schedules() returns integer
language plpgsql set search_path = pulp, pg_temp as $$
declare
  wrong text[];
begin
  if not exists (select from pulp.fold_schedule_differences()) then
    return 0; -- and nobody is kept waiting
  end if;
  lock table pulp.schedule in share row exclusive mode;
  wrong := array(select coalesce((d.told).name, (d.there).name) from pulp.fold_schedule_differences() d);
  if wrong <> '{}' then
    delete from pulp.schedule s where s.name = any (wrong);
    insert into pulp.schedule select s.* from pulp.schedule_at() s where s.name = any (wrong);
  end if;
  return cardinality(wrong);
end $$;
comment on function pulp.rebuild_schedules is 'Puts the schedules right, from the log.';
