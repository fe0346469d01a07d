-- Resources as they are now. What they cost over time is told by functions: resource_contention, resource_holds.

create view pulp.resource_now as
  select resource,
    min(mode) filter (where state = 'granted') as held,
    count(*) filter (where state = 'granted') as holders,
    min(granted_at) as held_since,
    count(*) filter (where state = 'waiting' and mode = 'exclusive') as exclusive_in_line,
    count(*) filter (where state = 'waiting' and mode = 'shared') as shared_in_line,
    min(requested_at) filter (where state = 'waiting') as waiting_since
  from pulp.reservation
  group by resource;

comment on view pulp.resource_now is 'Every resource that somebody holds or waits for. Cheap for one resource; for all, it reads all claims that stand.';
comment on column pulp.resource_now.resource is 'A URL path.';
comment on column pulp.resource_now.held is 'exclusive or shared; null: nobody holds it.';
comment on column pulp.resource_now.holders is 'How many hold it.';
comment on column pulp.resource_now.held_since is 'When the oldest of them was granted it.';
comment on column pulp.resource_now.exclusive_in_line is 'How many wait for it alone.';
comment on column pulp.resource_now.shared_in_line is 'How many wait to share it.';
comment on column pulp.resource_now.waiting_since is 'When the one who waits longest came into line.';
