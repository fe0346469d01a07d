-- Forgets what no task has required for a week.
create or replace function pulp.forget_requirements() returns void
language plpgsql set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  update pulp.requirement r set asked_at = clock_timestamp()
    where exists (select from pulp.task t where t.name = r.name and t.options ->> 'requires' = r.requires::text and t.options ? 'requires');
  delete from pulp.requirement r
    where r.kind in (
      select x.kind from pulp.requirement x where x.asked_at < clock_timestamp() - interval '7 days' for update skip locked);
end $$;
comment on function pulp.forget_requirements is 'Forgets what no task has required for a week.';
