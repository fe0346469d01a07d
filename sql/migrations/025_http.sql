-- For the HTTP server: who may use it, and what its clients look for.
-- A token is known by its digest alone: what its user was given is written down nowhere.

create table pulp.token (
  id text primary key collate "C",
  actor text not null,
  role text not null check (role in ('observer', 'submitter', 'operator')),
  digest bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_by text
);
comment on table pulp.token is 'Tokens of users of the HTTP server. They are no part of the log: who restores one gives nobody access by it. For its owner alone.';
comment on column pulp.token.id is 'The part of the token that may be seen.';
comment on column pulp.token.actor is 'Whose it is: who stands in the log for what is done with it, and the user''s name where it serves as a password.';
comment on column pulp.token.role is 'observer reads; submitter also enqueues and cancels; operator also runs the engine.';
comment on column pulp.token.digest is 'SHA-256 of its secret part, which has 256 random bits.';
comment on column pulp.token.created_at is 'When it was made.';
comment on column pulp.token.created_by is 'Who made it.';
comment on column pulp.token.expires_at is 'From when it is refused; null: never by itself.';
comment on column pulp.token.revoked_at is 'When it was revoked; null: it was not.';
comment on column pulp.token.revoked_by is 'Who revoked it.';

-- What has a name and no id, such as a worker or a group, has one for clients that know things by UUIDs alone: made of its name,
-- or the name itself if it is one.
create function pulp.name_uuid(name text) returns uuid
language sql immutable parallel safe as $$
  select case
    when name ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then name
    else overlay(overlay(md5(name) placing '8' from 13) placing '8' from 17) end::uuid
$$;
comment on function pulp.name_uuid is 'The UUID of what has a name and no id: of version 8, made of its name.';
create index task_group on pulp.task (pulp.name_uuid(group_id)) where group_id is not null;

-- Who asked for a purge that is a task: whoever may enqueue may not purge.
create table pulp.purge_request (
  task_id uuid primary key,
  finished_before timestamptz not null,
  states text[] not null,
  requested_by text not null
);
comment on table pulp.purge_request is 'Purges that are tasks of type pulp.purge: a task without a row here purges nothing.';
comment on column pulp.purge_request.task_id is 'The task.';
comment on column pulp.purge_request.finished_before is 'It purges those that became final before.';
comment on column pulp.purge_request.states is 'And that are in one of these states.';
comment on column pulp.purge_request.requested_by is 'Who may purge, and asked for it.';
