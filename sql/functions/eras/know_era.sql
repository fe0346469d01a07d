-- Begins the next era, if one is due. A server that writes goes on with one history as long as it runs, so that each session asks
-- once. Called by whoever is about to append, before a position is drawn; those that ask event_tx first need not.
create or replace function pulp.know_era() returns boolean
language plpgsql as $$
begin
  if current_setting('pulp.era_known', true) is distinct from 'yes' then
    perform pulp.begin_era_if_due(by_ids => false);
  end if;
  return true;
end $$;
comment on function pulp.know_era is 'Begins the next era, if one is due; asks once a session.';
