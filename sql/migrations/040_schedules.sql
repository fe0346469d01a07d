-- What is enqueued again and again, and when.
create table pulp.schedule (
  name text primary key,
  kind text not null check (kind in ('cron', 'rrule', 'every')),
  rule text not null,
  time_zone text not null,
  starts_at timestamptz not null,
  until timestamptz,
  overlap text not null check (overlap in ('skip', 'queue', 'cancel-previous')),
  catch_up text not null check (catch_up in ('none', 'one', 'all')),
  item jsonb not null,
  owner text,
  state text not null check (state in ('active', 'paused', 'ended')),
  reason text,
  changed_at timestamptz not null,
  changed_by text,
  next_at timestamptz,
  last_at timestamptz,
  last_task uuid,
  enqueued bigint not null default 0,
  skipped bigint not null default 0,
  created_at timestamptz not null,
  version integer not null
);
create index schedule_next on pulp.schedule (next_at) where state = 'active';
comment on table pulp.schedule is 'What is enqueued again and again, and when. The fold of the streams system/schedule/….';
comment on column pulp.schedule.name is 'Its name.';
comment on column pulp.schedule.kind is 'How the rule is written: cron, rrule, or every.';
comment on column pulp.schedule.rule is 'When: a line of cron, a recurrence rule of RFC 5545, or the milliseconds between.';
comment on column pulp.schedule.time_zone is 'In whose local time the rule is meant; a name of the IANA database.';
comment on column pulp.schedule.starts_at is 'Where the rule begins: nothing comes before it, and the time between is counted from there.';
comment on column pulp.schedule.until is 'Nothing comes after it; null: it has no end.';
comment on column pulp.schedule.overlap is 'What becomes of an occurrence while the task of the one before is not over: skip, queue (it begins after it), cancel-previous.';
comment on column pulp.schedule.catch_up is 'What is made up for that was missed: none, one (the latest), all.';
comment on column pulp.schedule.item is 'What is enqueued, with the keys of pulp.enqueue_batch.';
comment on column pulp.schedule.owner is 'Whose it is, and its tasks are.';
comment on column pulp.schedule.state is 'active; paused until somebody resumes it; ended: nothing comes any more.';
comment on column pulp.schedule.reason is 'Why it was paused or resumed.';
comment on column pulp.schedule.changed_at is 'When it was made, paused or resumed: what was due before is not made up for.';
comment on column pulp.schedule.changed_by is 'Who did that.';
comment on column pulp.schedule.next_at is 'The next occurrence, worked out when the one before was recorded.';
comment on column pulp.schedule.last_at is 'The last occurrence that was recorded, enqueued or skipped.';
comment on column pulp.schedule.last_task is 'The task that was enqueued last.';
comment on column pulp.schedule.enqueued is 'How many tasks it has enqueued.';
comment on column pulp.schedule.skipped is 'How many occurrences were skipped.';
comment on column pulp.schedule.created_at is 'When it was made.';
comment on column pulp.schedule.version is 'Number of events in its stream.';
