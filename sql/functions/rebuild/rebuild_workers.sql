-- Puts the rows of workers right, from the log. Gives how many were wrong.
create or replace function pulp.rebuild_workers() returns integer
language plpgsql set search_path = pulp, pg_temp set jit = off as $$
declare
  wrong text[] := array(select d.name from pulp.fold_worker_differences() d where d.refusal is null);
  told pulp.worker[];
begin
  if wrong = '{}' then
    return 0;
  end if;
  perform from pulp.worker w where w.name = any (wrong) order by w.name for no key update;
  -- Looked at again, now that they stand still.
  select coalesce(array_agg(d.name), '{}'), array_agg(d.worker_told) filter (where (d.worker_told).name is not null) into wrong, told
    from pulp.fold_worker_differences(wrong) d where d.refusal is null;
  delete from pulp.worker w where w.name = any (wrong) and not exists (select from unnest(told) f where f.name = w.name);
  insert into pulp.worker select f.* from unnest(told) f on conflict (name) do nothing;
  execute format('update pulp.worker x set %s from unnest($1) f where f.name = x.name', pulp.rebuild_assignments('pulp.worker'))
    using told;
  perform pulp.rebuild_numbers();
  return cardinality(wrong);
end $$;
comment on function pulp.rebuild_workers is 'Puts the rows of workers right, from the log.';
