-- Gives back this session's advisory locks of claims that have ended.
create or replace function pulp.unlock_resources(claims pulp.reservation[]) returns void
language plpgsql as $$
begin
  if claims = '{}' then
    return;
  end if;
  perform case c.mode
      when 'exclusive' then pg_advisory_unlock(pulp.lock_class('resource'), r.id)
      else pg_advisory_unlock_shared(pulp.lock_class('resource'), r.id) end
    from unnest(claims) as c
    cross join lateral (select x.id from pulp.resource x where x.name = c.resource offset 0) r;
end $$;
comment on function pulp.unlock_resources is 'Gives back this session''s advisory locks of claims that have ended.';
