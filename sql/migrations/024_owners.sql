-- Every task has an owner; where the policy says so, callers are apart: each sees and cancels what is his own.
alter table pulp.task add column owner text;
comment on column pulp.task.owner is 'For whom it was enqueued: the login, or who a trusted server said; of a task with a parent, the parent''s. Null of tasks from before this was recorded.';

create table pulp.setting (
  name text primary key,
  value text not null
);
comment on table pulp.setting is 'What holds for the whole engine. Changed by functions alone, which append an event.';
comment on column pulp.setting.name is 'policy.';
comment on column pulp.setting.value is 'Of policy: shared, where callers see and cancel each other''s tasks, or owner, where they are apart.';
insert into pulp.setting values ('policy', 'shared');

create table pulp.quota (
  owner text primary key,
  max_priority integer,
  queues text[],
  max_claims integer check (max_claims >= 0),
  max_tasks integer check (max_tasks > 0),
  max_bytes bigint check (max_bytes > 0)
);
comment on table pulp.quota is 'What an owner may ask for. Null: without a limit of its own.';
comment on column pulp.quota.owner is 'Whose; * is for all who have none of their own.';
comment on column pulp.quota.max_priority is 'The highest priority.';
comment on column pulp.quota.queues is 'The queues that tasks may be enqueued to.';
comment on column pulp.quota.max_claims is 'How many claims one call may ask for.';
comment on column pulp.quota.max_tasks is 'How many tasks one call may enqueue.';
comment on column pulp.quota.max_bytes is 'How many bytes the arguments of one call may take, as Postgres keeps them.';

-- Replaced by functions that are told for whom, and by pulp.append_system_event.
drop function if exists pulp.append_leaf_event(text, text, jsonb);
drop function if exists pulp.enqueued_common(jsonb, jsonb, jsonb, timestamptz);
drop function if exists pulp.enqueued_data(jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, timestamptz);
