-- What the engine has yet to do. These tables hold no facts of their own: each follows from the projections.

create table pulp.resource (
  id integer generated always as identity primary key,
  name text not null unique collate "C",
  routed_to text
);
comment on table pulp.resource is 'Every resource that was ever granted.';
comment on column pulp.resource.id is 'Second key of its advisory lock.';
comment on column pulp.resource.name is 'A URL path.';
comment on column pulp.resource.routed_to is 'The reserved worker that got the latest task that claimed it: the next one goes there too, if it can.';

create table pulp.running (
  task_id uuid primary key,
  worker text not null collate "C"
) with (autovacuum_vacuum_scale_factor = 0.02);
comment on table pulp.running is 'Which tasks workers have in hand: few rows, so that they are found without an index on the state of all tasks.';
comment on column pulp.running.task_id is 'A task in state running or canceling.';
comment on column pulp.running.worker is 'The worker that runs it.';

create table pulp.deferred (
  due_at timestamptz not null,
  task_id uuid not null primary key
);
create index deferred_due_at on pulp.deferred (due_at);
comment on table pulp.deferred is 'Waiting tasks whose time has not come: they are delivered, or take their place in line, when it has.';
comment on column pulp.deferred.due_at is 'When.';
comment on column pulp.deferred.task_id is 'Which.';

create table pulp.wakeup (
  id bigint generated always as identity primary key,
  task_id uuid,
  resource text collate "C",
  mode text,
  after_position bigint,
  check ((task_id is null) <> (resource is null))
) with (autovacuum_vacuum_scale_factor = 0.02);
comment on table pulp.wakeup is 'What the resource manager has to look at: a task that came into a line, or a resource that was let go of.';
comment on column pulp.wakeup.id is 'Order of coming.';
comment on column pulp.wakeup.task_id is 'A task that may be grantable.';
comment on column pulp.wakeup.resource is 'A resource whose next in line may be grantable.';
comment on column pulp.wakeup.mode is 'How the resource was claimed by the one that let go.';
comment on column pulp.wakeup.after_position is 'Where looking at a long run of sharers goes on.';

create table pulp.worker_name (
  id integer generated always as identity primary key,
  name text not null unique collate "C"
);
comment on table pulp.worker_name is 'Numbers the workers'' names for their advisory locks.';
comment on column pulp.worker_name.id is 'Second key of the lock that the worker''s session holds while it lives.';
comment on column pulp.worker_name.name is 'The worker.';
