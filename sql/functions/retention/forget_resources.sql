-- Forgets resources that nobody claims, the oldest first, so that those that come once do not pile up for ever. The latest
-- ones are kept: their numbers and the workers that they were routed to are of use when they are claimed again. One
-- whose lock is held keeps its number, whatever became of the claim. Gives how many.
create or replace function pulp.forget_resources(kept integer, batch integer) returns bigint
language plpgsql set plan_cache_mode = force_custom_plan set enable_nestloop = off as $$
declare
  forgotten bigint;
begin
  perform pulp.lock_granting(); -- a grant relies on the rows that it found
  delete from pulp.resource r
    where r.id in (
      select x.id from pulp.resource x
      where x.id <= (select y.id from pulp.resource y order by y.id desc offset kept limit 1)
        and not exists (select from pulp.reservation c where c.resource = x.name)
        and x.id not in (
          select l.objid::bigint from pg_locks l
          where l.locktype = 'advisory' and l.classid = pulp.lock_class('resource')::oid and l.objsubid = 2
            and l.database = (select oid from pg_database where datname = current_database()))
      order by x.id limit batch);
  get diagnostics forgotten = row_count;
  return forgotten;
end $$;
comment on function pulp.forget_resources is 'Forgets the oldest of the resources that nobody claims.';
