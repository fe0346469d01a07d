-- Says that all tasks of a group are enqueued: none comes any more but from those that are in it and not over. Waits for whoever enqueues
-- into it just now. Said again, it changes nothing.
create or replace function pulp.dispatch_group(id text) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  known pulp.created_group;
  after pulp.created_group;
begin
  -- Also for those whose snapshots are of before the group, and who do not lock its row.
  perform pg_advisory_xact_lock(pulp.lock_class('group'), pulp.group_lock(id));
  known := pulp.own_group(id);
  if known.dispatched then
    return;
  end if;
  after := pulp.evolve_group(known, pulp.append_system_event(pulp.group_stream(known.id), 'GroupDispatched', '{}'));
  update pulp.created_group g set dispatched = after.dispatched, dispatched_at = after.dispatched_at, version = after.version
    where g.id = known.id;
  insert into pulp.ending (kind, name) values ('group', known.id);
  perform pulp.notify('pulp_grant', '');
end $$;
comment on function pulp.dispatch_group is 'Says that all tasks of a group are enqueued.';
