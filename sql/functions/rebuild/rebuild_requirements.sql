-- Takes note of what waiting tasks require that nobody knows of. Gives how much that was.
create or replace function pulp.rebuild_requirements() returns integer
language plpgsql set search_path = pulp, pg_temp as $$
declare
  missing integer;
begin
  insert into pulp.requirement (kind, name, requires)
    select distinct on (1) pulp.job_kind(t.name, t.options), t.name, t.options -> 'requires' from pulp.task t where t.options ? 'requires'
    on conflict (kind) do nothing;
  get diagnostics missing = row_count;
  return missing;
end $$;
comment on function pulp.rebuild_requirements is 'Takes note of what waiting tasks require that nobody knows of.';
