-- Tells the resource manager of lines that claims are gone from, so that who comes next is looked at. Not where somebody holds
-- the resource exclusively: nobody comes next before that one lets go of it.
create or replace function pulp.wake_lines(gone pulp.reservation[]) returns void
language plpgsql as $$
begin
  insert into pulp.wakeup (resource, mode)
    select claim.resource, claim.mode from unnest(gone) as claim
    where (select 1 from pulp.reservation_granted holder
      where holder.resource = claim.resource and holder.mode = 'exclusive' limit 1) is null;
  if found then
    perform pulp.notify('pulp_grant', '');
  end if;
end $$;
comment on function pulp.wake_lines is 'Tells the resource manager of lines that claims are gone from.';
