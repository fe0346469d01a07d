-- State folded from the log in the transaction of each append. A projection row is also its stream's head: version
-- says how many events it holds, and its row lock serialises appending.

create table pulp.task (
  id uuid primary key,
  name text not null,
  state text not null
    check (state in ('waiting', 'running', 'canceling', 'completed', 'failed', 'canceled', 'skipped')),
  queue text not null,
  args jsonb not null,
  kwargs jsonb not null,
  exclusive_resources text[] not null,
  shared_resources text[] not null,
  worker text,
  attempt integer not null,
  lost_workers integer not null,
  fence bigint,
  priority integer not null,
  retries integer not null,
  timeout_seconds double precision,
  run_after timestamptz,
  parent_id uuid,
  group_id text,
  correlation_id text,
  result jsonb,
  error jsonb,
  cancel_reason text,
  progress jsonb,
  enqueued_at timestamptz not null,
  unblocked_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  position bigint not null,
  version integer not null
) with (
  -- Each row is rewritten in place by grant, start and finish; no index may name a column that these change.
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.1
);
create index task_enqueued_at on pulp.task (enqueued_at);
-- For the trace of what caused what. Most tasks have no parent and give the correlation their own id: they cost nothing here.
create index task_correlation on pulp.task (correlation_id) where correlation_id <> id::text;
create index task_parent on pulp.task (parent_id) where parent_id is not null;

-- No plan asks how these are distributed, and finding it out is most of what ANALYZE does.
alter table pulp.task
  alter column args set statistics 0,
  alter column kwargs set statistics 0,
  alter column result set statistics 0,
  alter column error set statistics 0,
  alter column cancel_reason set statistics 0,
  alter column progress set statistics 0;

comment on table pulp.task is 'Every task and its present state: the fold of its stream.';
comment on column pulp.task.id is 'Also the id of its job in pg-boss.';
comment on column pulp.task.name is 'The registered name of its task type.';
comment on column pulp.task.state is 'waiting, running, canceling; final: completed, failed, canceled, skipped.';
comment on column pulp.task.queue is 'The pg-boss queue that delivers it.';
comment on column pulp.task.args is 'Positional arguments: an array.';
comment on column pulp.task.kwargs is 'Named arguments: an object.';
comment on column pulp.task.exclusive_resources is 'Resources that no other task may touch while it runs.';
comment on column pulp.task.shared_resources is 'Resources that it may touch beside other sharers.';
comment on column pulp.task.worker is 'Who runs it, or ran it to its end.';
comment on column pulp.task.attempt is 'How often it was started.';
comment on column pulp.task.lost_workers is 'How many workers were lost while they ran it.';
comment on column pulp.task.fence is 'Token of the present run: the position of its TaskStarted. A report with another token is refused.';
comment on column pulp.task.priority is 'Higher is delivered first, among tasks that share no resource.';
comment on column pulp.task.retries is 'How often a failed run is tried again.';
comment on column pulp.task.timeout_seconds is 'How long one run may take; null: without limit.';
comment on column pulp.task.run_after is 'Not before this time: the delay asked for, or the back-off of a retry.';
comment on column pulp.task.parent_id is 'The task that enqueued it.';
comment on column pulp.task.group_id is 'The group that its caller put it in.';
comment on column pulp.task.correlation_id is 'Joins all that belongs to one request of a caller.';
comment on column pulp.task.result is 'What it returned.';
comment on column pulp.task.error is 'Why its last run failed: code, name, message, stack, cause.';
comment on column pulp.task.cancel_reason is 'Why it was cancelled.';
comment on column pulp.task.progress is 'Its latest progress report.';
comment on column pulp.task.enqueued_at is 'When it was enqueued.';
comment on column pulp.task.unblocked_at is 'Since when, or from when if it is delayed, nothing but a free worker is wanting.';
comment on column pulp.task.started_at is 'When its latest run started.';
comment on column pulp.task.finished_at is 'When it became final.';
comment on column pulp.task.position is 'Position of the event that put it in line: TaskEnqueued, or TaskDue after a delay.';
comment on column pulp.task.version is 'Number of events in its stream.';

create table pulp.worker (
  name text primary key,
  state text not null check (state in ('online', 'offline', 'missing')),
  host text not null,
  pid integer not null,
  queues text[] not null,
  concurrency integer not null,
  task_types text[] not null,
  incarnation bigint not null,
  backend_pid integer,
  online_at timestamptz not null,
  last_heartbeat timestamptz not null,
  finish_rate double precision,
  missing boolean not null,
  gracefully_stopped boolean not null,
  version integer not null
) with (fillfactor = 50);
create index worker_online on pulp.worker (name) where state = 'online';

comment on table pulp.worker is 'Every worker that ever came up, by name, and its present state: the fold of its stream.';
comment on column pulp.worker.name is 'Unique among live workers; held by an advisory lock of its session.';
comment on column pulp.worker.state is 'online; offline: it ended; missing: it went without a word.';
comment on column pulp.worker.host is 'The host that it runs on.';
comment on column pulp.worker.pid is 'Its process there.';
comment on column pulp.worker.queues is 'The queues that it takes tasks from.';
comment on column pulp.worker.concurrency is 'How many tasks it has in hand at most.';
comment on column pulp.worker.task_types is 'The task types that it knows.';
comment on column pulp.worker.incarnation is 'Which birth of this name: the position of its WorkerOnline.';
comment on column pulp.worker.backend_pid is 'The Postgres backend of its session; null: it has none, and only its heartbeats count.';
comment on column pulp.worker.online_at is 'When this birth was.';
comment on column pulp.worker.last_heartbeat is 'Its latest sign of life, by the database''s clock.';
comment on column pulp.worker.finish_rate is 'Tasks that it finished a second, between its latest two signs of life.';
comment on column pulp.worker.missing is 'Whether it was given up without a word from it.';
comment on column pulp.worker.gracefully_stopped is 'Whether it ended by itself after a shutdown.';
comment on column pulp.worker.version is 'Number of events in its stream; heartbeats are not counted.';

create table pulp.leader (
  role text primary key check (role = 'resource-manager'),
  worker text not null,
  backend_pid integer not null,
  elected_at timestamptz not null,
  version integer not null
);
comment on table pulp.leader is 'Who was elected to lead last: the fold of the stream system/resource-manager. It leads as long as its session holds the lock.';
comment on column pulp.leader.role is 'What there is to lead.';
comment on column pulp.leader.worker is 'The worker that leads.';
comment on column pulp.leader.backend_pid is 'The Postgres backend of its session as a leader.';
comment on column pulp.leader.elected_at is 'Since when.';
comment on column pulp.leader.version is 'Number of elections.';

-- One table, two leaves: the lines of those who wait, and those who hold. A grant moves the row from one to the other.
create table pulp.reservation (
  resource text not null collate "C",
  task_id uuid not null,
  mode text not null check (mode in ('exclusive', 'shared')),
  state text not null,
  position bigint not null,
  requested_at timestamptz not null,
  granted_at timestamptz
) partition by list (state);
create table pulp.reservation_waiting partition of pulp.reservation for values in ('waiting')
  with (autovacuum_vacuum_scale_factor = 0.02);
create table pulp.reservation_granted partition of pulp.reservation for values in ('granted')
  with (autovacuum_vacuum_scale_factor = 0.02);
create unique index reservation_line on pulp.reservation_waiting (resource, position);
create index reservation_line_exclusive on pulp.reservation_waiting (resource, position) where mode = 'exclusive';
create index reservation_waiting_task on pulp.reservation_waiting (task_id);
create index reservation_holder on pulp.reservation_granted (resource, mode);
create index reservation_granted_task on pulp.reservation_granted (task_id);

comment on table pulp.reservation is 'The claims of unfinished tasks on resources: who waits in line, who holds.';
comment on column pulp.reservation.resource is 'The resource: a URL path.';
comment on column pulp.reservation.task_id is 'The task that claims it.';
comment on column pulp.reservation.mode is 'exclusive: alone; shared: beside other sharers.';
comment on column pulp.reservation.state is 'waiting in line, or granted.';
comment on column pulp.reservation.position is 'Order in line: the position of the event that put the task in line.';
comment on column pulp.reservation.requested_at is 'When the task took its place in line.';
comment on column pulp.reservation.granted_at is 'When the claim was granted.';

create table pulp.task_type (
  name text primary key,
  schema jsonb not null,
  isolation text not null check (isolation in ('horse', 'inline')),
  on_worker_loss text not null check (on_worker_loss in ('cancel', 'retry', 'fail')),
  published_by text not null,
  published_at timestamptz not null
);
-- So that enqueueing sees at once whether there are any.
create index task_type_with_secrets on pulp.task_type (name) where schema ? 'secrets';
comment on table pulp.task_type is 'The task types that workers have published, so that a caller without their code can check its arguments.';
comment on column pulp.task_type.name is 'The registered name.';
comment on column pulp.task_type.schema is 'JSON Schemas of args and kwargs, and where in them secrets are, if any: see pulp.refuse_plain_secrets.';
comment on column pulp.task_type.isolation is 'horse: a child process; inline: in the worker itself.';
comment on column pulp.task_type.on_worker_loss is 'What becomes of a run whose worker is lost.';
comment on column pulp.task_type.published_by is 'The worker that published it last.';
comment on column pulp.task_type.published_at is 'When that was.';
