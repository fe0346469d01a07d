-- Takes note of what tasks require that are being enqueued, so that workers look for it, and keeps it from being forgotten meanwhile.
create or replace function pulp.know_requirements(names text[], options jsonb[]) returns void
language plpgsql as $$
declare
  kinds constant text[] := array(
    select distinct pulp.job_kind(a.name, a.options) from unnest(names, options) as a(name, options) where a.options ? 'requires');
  known integer;
begin
  perform from pulp.requirement r where r.kind = any (kinds) for key share;
  get diagnostics known = row_count;
  if known = cardinality(kinds) then
    return;
  elsif (select count(*) from pulp.requirement) + cardinality(kinds) - known > 1000 then
    raise exception 'tasks require more than 1000 different things' using errcode = 'PU062',
      hint = 'Require the same of tasks that can run in the same place; what no task asks for any more is forgotten after a week.';
  end if;
  insert into pulp.requirement (kind, name, requires)
    select distinct on (1) pulp.job_kind(a.name, a.options), a.name, a.options -> 'requires'
    from unnest(names, options) as a(name, options) where a.options ? 'requires'
    on conflict (kind) do nothing;
  perform from pulp.requirement r where r.kind = any (kinds) for key share;
end $$;
comment on function pulp.know_requirements is 'Takes note of what tasks require that are being enqueued.';
