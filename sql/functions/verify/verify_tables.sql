-- All rules that the tables and pg-boss keep among themselves: cheap, for they look at what is not final. Of all tasks, or
-- of those listed; workers only with all.
create or replace function pulp.verify_tables(only_ids uuid[] default null) returns setof pulp.violation
language sql stable security definer set search_path = pulp, pg_temp as $$
  select * from pulp.verify_claims(only_ids)
  union all select * from pulp.verify_holders(only_ids)
  union all select * from pulp.verify_line(only_ids)
  union all select * from pulp.verify_jobs(only_ids)
  union all select * from pulp.verify_running(only_ids)
  union all select * from pulp.verify_dependencies(only_ids)
$$;
comment on function pulp.verify_tables is 'All rules that the tables and pg-boss keep among themselves.';
