-- What workers have in which version, and what tasks want of it.
alter table pulp.worker add column versions jsonb, add column release text;
comment on column pulp.worker.versions is 'What it has in which version, for tasks that require some; null: it says nothing.';
comment on column pulp.worker.release is 'The release of its code, as PULP_RELEASE says; null: nothing.';

create table pulp.requirement (
  kind text primary key,
  name text not null,
  requires jsonb not null,
  asked_at timestamptz not null default clock_timestamp()
);
comment on table pulp.requirement is 'What tasks require of their workers, each once. Forgotten when no task has asked for it for a week.';
comment on column pulp.requirement.kind is 'What their jobs are called in pg-boss: see pulp.job_kind.';
comment on column pulp.requirement.name is 'The task type.';
comment on column pulp.requirement.requires is 'The range of versions of each thing, by its name.';
comment on column pulp.requirement.asked_at is 'When it was asked for first, or seen last.';
create index task_requires on pulp.task (name, (options ->> 'requires')) where options ? 'requires';

-- It also takes what a worker has in which version, and its release.
drop function if exists pulp.worker_online(text, text, integer, text[], integer, jsonb, text, text, bigint, text);
