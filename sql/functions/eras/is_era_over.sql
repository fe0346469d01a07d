-- Whether another era is due that nobody has begun yet: no transaction of this history has appended anything, and all that the log
-- shows is decided. Asked once a session, since a server that writes goes on with one history as long as it runs.
create or replace function pulp.is_era_over() returns boolean
language plpgsql stable as $$
begin
  if current_setting('pulp.era_known', true) = 'yes' then
    return false;
  elsif pulp.era_end(pulp.current_era(), by_ids => false) is not null then
    return true;
  end if;
  if not pg_is_in_recovery() then
    perform set_config('pulp.era_known', 'yes', false);
  end if;
  return false;
end $$;
comment on function pulp.is_era_over is 'Whether another era is due that nobody has begun yet.';
