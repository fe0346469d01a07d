-- How much of a resource there is: so many units at once, so many grants in a time.
create table pulp.resource_limit (
  resource text primary key collate "C",
  capacity integer,
  rate integer,
  per_seconds double precision,
  actor text,
  reason text,
  since timestamptz not null,
  version integer not null
);
comment on table pulp.resource_limit is 'Resources of which there is so much, or that are granted so often. The fold of the streams system/limit/….';
comment on column pulp.resource_limit.resource is 'A URL path; /queues/NAME/ and /types/NAME/ are of all tasks of a queue or type.';
comment on column pulp.resource_limit.capacity is 'How many units there are: exclusive claims take all of them, shared ones one, or as many as they ask for. Null: no limit.';
comment on column pulp.resource_limit.rate is 'How many claims are granted within any per_seconds. Null: no limit.';
comment on column pulp.resource_limit.per_seconds is 'Within how many seconds.';
comment on column pulp.resource_limit.actor is 'Who changed it last.';
comment on column pulp.resource_limit.reason is 'Why.';
comment on column pulp.resource_limit.since is 'When that was.';
comment on column pulp.resource_limit.version is 'Number of events in its stream.';

create table pulp.rate_use (
  id bigint generated always as identity primary key,
  resource text not null collate "C",
  number integer not null,
  granted_at timestamptz not null,
  free_again_at timestamptz not null
);
create index rate_use_resource on pulp.rate_use (resource, free_again_at);
create index rate_use_free_again_at on pulp.rate_use (free_again_at);
comment on table pulp.rate_use is 'What was granted lately of resources with a rate. It follows from the log: ReservationGranted.';
comment on column pulp.rate_use.id is 'Tells one from the other.';
comment on column pulp.rate_use.resource is 'The resource.';
comment on column pulp.rate_use.number is 'How many claims were granted.';
comment on column pulp.rate_use.granted_at is 'When.';
comment on column pulp.rate_use.free_again_at is 'From when on it no longer counts: the resource manager looks at the line then.';

alter table pulp.reservation add column units integer;
comment on column pulp.reservation.units is 'How many units of the resource it takes, if it asked for a number; null: all if it is exclusive, else one.';
