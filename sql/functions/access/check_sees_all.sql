-- Refuses what tells of everybody's tasks to a caller who may see his own only.
create or replace function pulp.check_sees_all() returns void
language plpgsql stable as $$
begin
  if not pulp.sees_all() then
    raise exception 'this tells of tasks of others, and owners are apart' using errcode = 'insufficient_privilege',
      hint = 'Ask an operator or an observer.';
  end if;
end $$;
comment on function pulp.check_sees_all is 'Refuses what tells of everybody''s tasks to a caller who may see his own only.';
