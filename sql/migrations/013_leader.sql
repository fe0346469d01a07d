-- What the leader cannot do is told: of itself in its row, of a task in a list of those that it holds back.

alter table pulp.leader
  add column failing_since timestamptz,
  add column last_pass_at timestamptz,
  add column failures jsonb not null default '{}';
alter table pulp.leader alter column failures drop default; -- the fold gives it
comment on table pulp.leader is 'Who was elected to lead last, and what fails of its duties: the fold of the stream system/resource-manager. It leads as long as its session holds the lock.';
comment on column pulp.leader.version is 'Number of events in its stream.';
comment on column pulp.leader.failing_since is 'Since when a duty of it fails; null: all of them work.';
comment on column pulp.leader.last_pass_at is 'When the duty that failed last did its work for the last time; null: not in this term, or nothing fails.';
comment on column pulp.leader.failures is 'Its duties that fail (grant, watch, upkeep, notices), each with the code and the message of its latest error.';

create table pulp.held_back (
  task_id uuid primary key,
  step text not null check (step in ('due', 'grant', 'reroute')),
  since timestamptz not null,
  not_before timestamptz not null,
  tries integer not null,
  code text not null,
  message text not null,
  told boolean not null
) with (autovacuum_vacuum_scale_factor = 0.02);
create index held_back_not_before on pulp.held_back (not_before);
create index held_back_untold on pulp.held_back (tries) where not told;
comment on table pulp.held_back is 'Tasks that the resource manager could not bring forward for reasons of their own: it tries each again apart from the others, so that they hold up nobody.';
comment on column pulp.held_back.task_id is 'A task that waits.';
comment on column pulp.held_back.step is 'What failed: due (taking it up when its time has come), grant (granting its claims), reroute (delivering it anew).';
comment on column pulp.held_back.since is 'When that failed first.';
comment on column pulp.held_back.not_before is 'When it is tried again.';
comment on column pulp.held_back.tries is 'How often it has failed.';
comment on column pulp.held_back.code is 'SQLSTATE of the latest failure.';
comment on column pulp.held_back.message is 'What the latest failure said.';
comment on column pulp.held_back.told is 'Whether the leader''s log has named it.';

-- It gives more than before.
drop function if exists pulp.grant_reservations(integer);
