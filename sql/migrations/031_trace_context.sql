-- The trace that a task belongs to travels with it, from who enqueued it to who runs it.
alter table pulp.task add column trace_context jsonb;
alter table pulp.task alter column trace_context set statistics 0;
comment on column pulp.task.trace_context is 'The span that enqueued it, as W3C Trace Context writes it: traceparent, tracestate. Null: nobody traces it.';

-- Replaced by functions that also give that.
drop function if exists pulp.start(text, bigint, text[], text[], integer);
drop function if exists pulp.finish_and_start(text, bigint, jsonb, text[], text[], integer);
drop function if exists pulp.take_tasks(text, text[], text[], integer, pulp.reservation[]);
drop function if exists pulp.start_tasks(text, uuid[], tid[], integer[], integer[], text[], text[]);
drop function if exists pulp.attach_worker(text, bigint, bigint[]);
