-- Where looking for tasks that lost their jobs goes on.

create table pulp.delivery_walk (
  singleton boolean primary key default true check (singleton),
  at timestamptz not null default '-infinity',
  oldest timestamptz
);
insert into pulp.delivery_walk default values;
comment on table pulp.delivery_walk is 'How far pulp.mend_delivery has looked at the tasks, in the order of their enqueueing.';
comment on column pulp.delivery_walk.singleton is 'There is one row.';
comment on column pulp.delivery_walk.at is 'It has looked at those that were enqueued until then; all before are over, or were looked at in this round.';
comment on column pulp.delivery_walk.oldest is 'When the oldest was enqueued, of those seen in this round, that is not over: the next one begins there.';
