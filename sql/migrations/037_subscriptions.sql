-- Readers of the log that the database keeps the place of: each gets every event that it asks for, in order.
create table pulp.subscription (
  name text primary key,
  kinds text[] not null,
  types text[],
  names text[],
  stream text,
  url text,
  give_up_seconds double precision,
  owner text,
  state text not null check (state in ('active', 'paused', 'stopped')),
  reason text,
  changed_at timestamptz not null,
  changed_by text,
  created_at timestamptz not null,
  version integer not null,
  cursor text not null,
  given bigint not null default 0,
  read_at timestamptz,
  failures integer not null default 0,
  failing_since timestamptz,
  last_error text,
  next_attempt_at timestamptz,
  lease_until timestamptz
) with (fillfactor = 50);
comment on table pulp.subscription is 'Readers of the log that the database keeps the place of. The fold of the streams system/subscription/…, but for the columns from cursor on, which tell how far each has come.';
comment on column pulp.subscription.name is 'Its name.';
comment on column pulp.subscription.kinds is 'Of which kinds of streams it gets events.';
comment on column pulp.subscription.types is 'Of which types; null: of all.';
comment on column pulp.subscription.names is 'Of tasks of which task types; null: of all.';
comment on column pulp.subscription.stream is 'Of which stream; null: of all.';
comment on column pulp.subscription.url is 'Where its events are sent to (webhook); null: they are fetched, by pulp.consume.';
comment on column pulp.subscription.give_up_seconds is 'Of a webhook: for how long sending may fail before it stops.';
comment on column pulp.subscription.owner is 'Whose it is.';
comment on column pulp.subscription.state is 'active; paused until somebody resumes it; stopped: its events could not be sent, or cannot be given, and wait until somebody resumes it.';
comment on column pulp.subscription.reason is 'Why it was paused, stopped, resumed or set back.';
comment on column pulp.subscription.changed_at is 'When it was made, paused, stopped, resumed or set back.';
comment on column pulp.subscription.changed_by is 'Who did that.';
comment on column pulp.subscription.created_at is 'When it was made.';
comment on column pulp.subscription.version is 'Number of events in its stream.';
comment on column pulp.subscription.cursor is 'How far it has come: era:tx:position of the last event that was looked at.';
comment on column pulp.subscription.given is 'How many events it was given.';
comment on column pulp.subscription.read_at is 'When it came that far.';
comment on column pulp.subscription.failures is 'How often in a row sending has failed.';
comment on column pulp.subscription.failing_since is 'Since when it fails; null: it does not.';
comment on column pulp.subscription.last_error is 'Why it failed last.';
comment on column pulp.subscription.next_attempt_at is 'When sending is tried again.';
comment on column pulp.subscription.lease_until is 'Until when others leave alone what is being sent; null: nothing is.';

create table pulp.webhook_secret (
  name text primary key references pulp.subscription (name) on delete cascade,
  secret jsonb not null
);
comment on table pulp.webhook_secret is 'What is sent to webhooks is signed with: for the functions of the engine alone.';
comment on column pulp.webhook_secret.name is 'The subscription.';
comment on column pulp.webhook_secret.secret is 'A text, or an envelope where there were keys for secrets.';
