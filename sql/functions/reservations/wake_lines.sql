-- Puts the resources of released claims on the work list of granting, and wakes the resource manager: the front of their wait queues
-- is looked at.
create or replace function pulp.wake_lines(gone pulp.reservation[]) returns void
language plpgsql as $$
begin
  if gone <> '{}' then
    insert into pulp.wakeup (resource, mode) select distinct claim.resource, claim.mode from unnest(gone) as claim;
    perform pulp.notify('pulp_grant', '');
  end if;
end $$;
comment on function pulp.wake_lines is 'Tells the resource manager of lines that claims are gone from.';
