-- Refuses the log to a caller who may see only his own tasks.
create or replace function pulp.check_reads_log() returns void
language plpgsql stable as $$
begin
  if pulp.are_owners_apart() and not pulp.acts_for_all() then
    raise exception 'the log is not for this role, where owners are apart' using errcode = 'insufficient_privilege',
      hint = 'Operators read it; callers read the histories of their own tasks by pulp.history.';
  end if;
end $$;
comment on function pulp.check_reads_log is 'Refuses the log to a caller who may see only his own tasks.';
