-- Tasks that wait for others to be over: for tasks, or for all others of their group.

create table pulp.dependency (
  kind text not null check (kind in ('task', 'group')) collate "C",
  name text not null collate "C",
  task_id uuid not null,
  primary key (kind, name, task_id)
);
create index dependency_task on pulp.dependency (task_id);
comment on table pulp.dependency is 'What waiting tasks wait for, as long as they do: those of pulp.deferred whose time is infinity. Follows from the options of the tasks, and from what is over.';
comment on column pulp.dependency.kind is 'task: that task; group: all others of that group.';
comment on column pulp.dependency.name is 'The id of the task, or of the group.';
comment on column pulp.dependency.task_id is 'Who waits.';

create table pulp.ending (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('task', 'group')),
  name text not null collate "C"
) with (autovacuum_vacuum_scale_factor = 0.02);
comment on table pulp.ending is 'What the leader has to look at: tasks that may be over and that others wait for, and groups of which a task may be over.';
comment on column pulp.ending.id is 'Order of coming.';
comment on column pulp.ending.kind is 'task or group.';
comment on column pulp.ending.name is 'The id of the task, or of the group.';

-- For whom a run waits: whoever would wait in a circle is told so.
alter table pulp.running add column awaits uuid[];
comment on column pulp.running.awaits is 'The tasks whose ends its code waits for at present. Null: none.';
