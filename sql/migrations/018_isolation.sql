-- A task type may ask for a process of its own for each run.

alter table pulp.task_type
  drop constraint task_type_isolation_check,
  add constraint task_type_isolation_check check (isolation in ('horse', 'process', 'inline'));
comment on column pulp.task_type.isolation is 'horse: a child process; process: one for each run alone; inline: in the worker itself.';
