-- What is paused: queues, task types, resources, or everything.
create table pulp.pause (
  kind text not null check (kind in ('queue', 'type', 'resource', 'all')),
  name text not null default '',
  reason text,
  actor text,
  since timestamptz not null,
  until timestamptz,
  version integer not null,
  primary key (kind, name)
);
create index pause_until on pulp.pause (until) where until is not null;
comment on table pulp.pause is 'What is paused: nothing of it begins, what runs goes on. The fold of the streams system/pause/….';
comment on column pulp.pause.kind is 'queue, type or resource; all: everything.';
comment on column pulp.pause.name is 'Which one; empty of everything.';
comment on column pulp.pause.reason is 'Why.';
comment on column pulp.pause.actor is 'Who paused it.';
comment on column pulp.pause.since is 'Since when.';
comment on column pulp.pause.until is 'When it goes on by itself; null: when somebody resumes it.';
comment on column pulp.pause.version is 'Number of events in its stream.';

-- It gives the event.
drop function if exists pulp.append_system_event(text, text, jsonb);
