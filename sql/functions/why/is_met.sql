-- Whether a waiting claim could be granted: nobody holds the resource in a conflicting way, no older claim on it conflicts, and its limits
-- let it. The same as grant_reservations looks for.
create or replace function pulp.is_met(claim pulp.reservation_waiting) returns boolean
language plpgsql stable as $$
begin
  return not exists (
      select from pulp.reservation_granted g
      where g.resource = claim.resource and 'exclusive' in (claim.mode, g.mode))
    and not exists (select from pulp.older_claims(claim, 1))
    and not exists (
      select from pulp.resource_limit l
      where l.resource = claim.resource
        and not exists (select from pulp.admitted(l) a where a.task_id = claim.task_id));
end $$;
comment on function pulp.is_met is 'Whether a waiting claim could be granted.';
