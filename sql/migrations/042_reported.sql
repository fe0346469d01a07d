-- What a task's code tells of it beside its simple progress: reports that have a code each, and what it has created.
alter table pulp.task add column reported jsonb;
alter table pulp.task alter column reported set statistics 0;
create index task_created on pulp.task using gin ((reported -> 'created')) where reported ? 'created';
create index task_group_reports on pulp.task (group_id) where reported ? 'reports' and group_id is not null;
comment on column pulp.task.reported is 'What its code tells of it: reports, of its latest run (see pulp.progress_report), and created, in all its runs (see pulp.created_resource). Null: nothing.';

create view pulp.progress_report with (security_invoker) as
  select t.id as task_id, r.ordinality::integer as number, r.report ->> 'code' as code, r.report ->> 'message' as message,
    r.report ->> 'state' as state, (r.report -> 'total')::double precision as total, (r.report -> 'done')::double precision as done,
    r.report ->> 'suffix' as suffix
  from pulp.task t cross join lateral jsonb_array_elements(t.reported -> 'reports') with ordinality as r(report, ordinality)
  where t.reported ? 'reports';
comment on view pulp.progress_report is 'What the latest run of each task has reported, one row for each code.';
comment on column pulp.progress_report.task_id is 'The task.';
comment on column pulp.progress_report.number is 'Its place among those of the task, in the order in which they were begun.';
comment on column pulp.progress_report.code is 'Names what is counted, among the reports of the task.';
comment on column pulp.progress_report.message is 'What is counted, for people.';
comment on column pulp.progress_report.state is 'waiting, running, completed, skipped, failed or canceled.';
comment on column pulp.progress_report.total is 'How many there are to do; null: nobody knows.';
comment on column pulp.progress_report.done is 'How many are done.';
comment on column pulp.progress_report.suffix is 'The unit, for people.';

create view pulp.created_resource with (security_invoker) as
  select c.resource, t.id as task_id, c.ordinality::integer as number
  from pulp.task t cross join lateral jsonb_array_elements_text(t.reported -> 'created') with ordinality as c(resource, ordinality)
  where t.reported ? 'created';
comment on view pulp.created_resource is 'What tasks have created, by what their code says.';
comment on column pulp.created_resource.resource is 'What was created: a URL path.';
comment on column pulp.created_resource.task_id is 'The task that created it.';
comment on column pulp.created_resource.number is 'Its place among what the task has created.';
