-- Which release published a task type, so that an older worker never replaces what a newer one said.

alter table pulp.task_type
  add column release text,
  add column modified_at timestamptz,
  add column package text;
comment on column pulp.task_type.release is 'The release that its user named by PULP_RELEASE; null: none.';
comment on column pulp.task_type.modified_at is 'When the tasks file was modified: what is newer where no release is named.';
comment on column pulp.task_type.package is 'The version of this package that published it.';
