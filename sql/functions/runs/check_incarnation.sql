-- Refuses a worker that is no longer the one it takes itself for: given up as missing, or followed by a later birth. Its
-- row stays locked until commit, so that nobody gives the worker up between this check and what it does then.
create or replace function pulp.check_incarnation(worker text, incarnation bigint) returns void
language plpgsql as $$
begin
  perform from pulp.worker w
    where w.name = check_incarnation.worker and w.incarnation = check_incarnation.incarnation and w.state = 'online'
    for share;
  if not found then
    raise exception 'worker "%" is no longer the owner of its runs', worker using errcode = 'PU001',
      hint = 'End every run of this worker at once, then let it be born anew.';
  end if;
end $$;
comment on function pulp.check_incarnation is 'Refuses a worker that was given up.';
