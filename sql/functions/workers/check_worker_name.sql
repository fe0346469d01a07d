-- Refuses what may not name a worker.
create or replace function pulp.check_worker_name(worker text) returns void
language plpgsql as $$
begin
  if pulp.is_name(worker) is not true then
    raise exception 'worker name "%" is not allowed', worker using errcode = 'PU004',
      hint = 'A name starts with a letter and has at most 128 letters, digits and characters of _.:@-';
  end if;
end $$;
comment on function pulp.check_worker_name is 'Refuses what may not name a worker.';
