-- Drops leaves of heartbeats whose last event is older than these many days, and says so in the log; gives their names. That
-- is not left to the clock alone, which may be ahead for a while: what holds events stays until there are events of so many
-- later days. Dropping waits for nobody long: whoever has a transaction open that looked at heartbeats is not held up, but
-- raises lock_not_available here.
create or replace function pulp.drop_heartbeat_leaves(days_kept integer) returns text[]
language plpgsql as $$
declare
  kept constant integer := greatest(days_kept, 1);
  leaf record;
  later_days integer := 0;
  holds boolean;
  old text[] := '{}';
begin
  for leaf in
    select * from (
      select c.relname as name, to_date(right(c.relname, 10), 'YYYY_MM_DD')::timestamp at time zone 'UTC' as starts
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'pulp.event_heartbeat'::regclass
    ) l
    order by l.starts desc
  loop
    execute format('select exists (select from pulp.%I)', leaf.name) into holds;
    if leaf.starts + interval '1 day' < clock_timestamp() - kept * interval '1 day' and (later_days >= kept or not holds) then
      old := leaf.name || old;
    end if;
    later_days := later_days + holds::integer;
  end loop;
  for leaf in
    select o.name, to_date(right(o.name, 10), 'YYYY_MM_DD')::timestamp at time zone 'UTC' as starts
    from unnest(old) with ordinality as o(name, number) order by o.number
  loop
    execute format('drop table pulp.%I', leaf.name);
    perform pulp.append_system_event(leaf.name, 'LeafDropped',
      jsonb_build_object('class', 'event_heartbeat', 'starts', leaf.starts, 'ends', leaf.starts + interval '1 day'));
  end loop;
  return old;
end $$;
comment on function pulp.drop_heartbeat_leaves is 'Drops leaves of heartbeats that were kept long enough.';
