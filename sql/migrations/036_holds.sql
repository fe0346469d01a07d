-- Claims without a task: people and programs that stand in line for resources as tasks do.
create table pulp.hold (
  id uuid primary key,
  state text not null check (state in ('waiting', 'granted')),
  exclusive_resources text[] not null,
  shared_resources text[] not null,
  options jsonb,
  reason text,
  actor text,
  seconds double precision,
  lease_seconds double precision,
  requested_at timestamptz not null,
  granted_at timestamptz,
  until timestamptz,
  fence bigint,
  position bigint not null,
  version integer not null
);
create index hold_until on pulp.hold (until) where until is not null;
comment on table pulp.hold is 'Claims without a task, that stand in line or are granted: the fold of the streams system/hold/…. What was let go of is in the log alone.';
comment on column pulp.hold.id is 'Its id, also in pulp.reservation.task_id.';
comment on column pulp.hold.state is 'waiting in line, or granted.';
comment on column pulp.hold.exclusive_resources is 'Resources that it has alone.';
comment on column pulp.hold.shared_resources is 'Resources that it shares with others.';
comment on column pulp.hold.options is 'What else was asked for: units. Null: nothing.';
comment on column pulp.hold.reason is 'What for.';
comment on column pulp.hold.actor is 'Who asked for it.';
comment on column pulp.hold.seconds is 'For how long, from when it is granted; null: until it is let go of.';
comment on column pulp.hold.lease_seconds is 'It is lost after so many seconds without a sign of life; null: it gives none.';
comment on column pulp.hold.requested_at is 'When it took its place in line.';
comment on column pulp.hold.granted_at is 'When it was granted.';
comment on column pulp.hold.until is 'When it ends by itself.';
comment on column pulp.hold.fence is 'Token for what is done under it: the position of its HoldGranted, which rises from one holder to the next.';
comment on column pulp.hold.position is 'Its place in line: the position of its HoldRequested.';
comment on column pulp.hold.version is 'Number of events in its stream.';

create table pulp.hold_lease (
  hold_id uuid primary key,
  lost_at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
comment on table pulp.hold_lease is 'Until when holds are taken to be alive, by their latest signs of life, which are no events.';
comment on column pulp.hold_lease.hold_id is 'The hold.';
comment on column pulp.hold_lease.lost_at is 'From when on it is lost, if it gives no other sign.';
