-- Puts the subscriptions right, from the log. Each stays where it is; one whose row was lost begins where it was made or set to
-- last. Gives how many were wrong.
create or replace function pulp.rebuild_subscriptions() returns integer
language plpgsql set search_path = pulp, pg_temp as $$
declare
  wrong integer := 0;
  difference record;
begin
  if not exists (select from pulp.fold_subscription_differences()) then
    return 0; -- and nobody is kept waiting
  end if;
  lock table pulp.subscription in share row exclusive mode;
  for difference in select d.told, d.there from pulp.fold_subscription_differences() d loop
    wrong := wrong + 1;
    if (difference.told).name is null then
      delete from pulp.subscription s where s.name = (difference.there).name;
    elsif (difference.there).name is null then
      insert into pulp.subscription select (difference.told).*;
    else
      update pulp.subscription s set kinds = t.kinds, types = t.types, names = t.names, stream = t.stream, url = t.url,
        give_up_seconds = t.give_up_seconds, owner = t.owner, state = t.state, reason = t.reason, changed_at = t.changed_at,
        changed_by = t.changed_by, created_at = t.created_at, version = t.version
        from (select (difference.told).*) t where s.name = t.name;
    end if;
  end loop;
  return wrong;
end $$;
comment on function pulp.rebuild_subscriptions is 'Puts the subscriptions right, from the log.';
