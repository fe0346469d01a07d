-- For how long tasks stay in pulp.task after their end, and months in the log.
create table pulp.retention (
  kind text not null check (kind in ('all', 'queue', 'type', 'log')),
  name text not null default '',
  keep jsonb not null,
  actor text,
  since timestamptz not null,
  version integer not null,
  primary key (kind, name)
);
comment on table pulp.retention is 'For how long tasks stay in pulp.task after their end, and months in the log; where nothing is said, for ever. The fold of the streams system/retention/….';
comment on column pulp.retention.kind is 'Of the tasks of a queue, of a type, of all that neither says something of; log: of the months of the log.';
comment on column pulp.retention.name is 'Of which queue or type; empty of all and log.';
comment on column pulp.retention.keep is 'Of tasks seconds by final state, or "never" (to be purged); of the log "seconds" from the end of a month, and the "folder" of its file.';
comment on column pulp.retention.actor is 'Who said so.';
comment on column pulp.retention.since is 'Since when.';
comment on column pulp.retention.version is 'Number of events in its stream.';
