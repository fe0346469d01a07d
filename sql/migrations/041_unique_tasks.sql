-- One task at a time for each unique key. The fold of a task says how long it holds its key, so that none is ever left behind.
alter table pulp.task add column unique_key text collate "C";
alter table pulp.task alter column unique_key set statistics 0;
create unique index task_unique_key on pulp.task (unique_key) where unique_key is not null;
comment on column pulp.task.unique_key is 'Of all tasks, only this one holds it. Null: it was not asked for, or the task has let go of it.';
