-- A task type says how its tasks are delivered and tried again, where who enqueues one does not.
alter table pulp.task_type add column defaults jsonb;
create index task_type_with_defaults on pulp.task_type (name) where defaults is not null;
comment on column pulp.task_type.defaults is 'What holds for its tasks unless who enqueues them says otherwise: queue, priority, retries, timeout (seconds); and backoff, how long they pause before they are tried again. Null: nothing in particular.';

-- It looks at the type.
drop function if exists pulp.retry_delay(integer);
