-- Few tasks go wrong, so that an index of these is small; one that names state or error would cost every task its updates in place.
alter table pulp.task add column went_wrong boolean;
alter table pulp.task alter column went_wrong set statistics 0;
comment on column pulp.task.went_wrong is 'True: its last run failed, or it was canceled or skipped. Null: nothing of the kind.';
update pulp.task set went_wrong = true where error is not null or state in ('failed', 'canceled', 'skipped');
create index task_went_wrong on pulp.task (enqueued_at) where went_wrong;
