-- Lets go on what is paused. For operators.
create or replace function pulp.resume(kind text, name text default null, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
#variable_conflict use_column
declare
  target constant text := pulp.pause_target(kind, name);
begin
  perform pulp.check_reason(reason);
  lock table pulp.pause in share row exclusive mode;
  if not exists (select from pulp.pause p where p.kind = resume.kind and p.name = target) then
    raise exception '% is not paused', trim(format('%s %s', kind, target)) using errcode = 'PU025',
      hint = '`pulp pause` shows what is paused.';
  end if;
  perform pulp.end_pause(kind, target, reason);
end $$;
comment on function pulp.resume is 'Lets go on what is paused.';
