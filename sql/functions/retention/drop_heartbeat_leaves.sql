-- Drops leaves of heartbeats whose last event is older than these many days, and says so in the log; gives their names.
-- Dropping waits for nobody long: whoever has a transaction open that looked at heartbeats is not held up, but raises
-- lock_not_available here.
create or replace function pulp.drop_heartbeat_leaves(days_kept integer) returns text[]
language plpgsql as $$
declare
  leaf record;
  dropped text[] := '{}';
begin
  for leaf in
    select * from (
      select c.relname as name, to_date(right(c.relname, 10), 'YYYY_MM_DD')::timestamp at time zone 'UTC' as starts
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'pulp.event_heartbeat'::regclass
    ) l
    where l.starts + interval '1 day' < clock_timestamp() - greatest(days_kept, 1) * interval '1 day'
    order by l.starts
  loop
    execute format('drop table pulp.%I', leaf.name);
    perform pulp.append_leaf_event(leaf.name, 'LeafDropped',
      jsonb_build_object('class', 'event_heartbeat', 'starts', leaf.starts, 'ends', leaf.starts + interval '1 day'));
    dropped := dropped || leaf.name;
  end loop;
  return dropped;
end $$;
comment on function pulp.drop_heartbeat_leaves is 'Drops leaves of heartbeats that were kept long enough.';
