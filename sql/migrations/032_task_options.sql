-- What few tasks ask for stands together in one column, which is null for all others: so that none of it costs them anything.
alter table pulp.task add column options jsonb;
alter table pulp.task alter column options set statistics 0;
comment on column pulp.task.options is 'What else was asked for when it was enqueued: an object with the keys of pulp.enqueue_batch. Null: nothing.';
