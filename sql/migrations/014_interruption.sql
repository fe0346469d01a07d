-- A run may be ended without its fault: its task goes back to the front of its line.

alter table pulp.task add column interruptions integer not null default 0;
alter table pulp.task alter column interruptions drop default; -- the fold gives it
comment on column pulp.task.interruptions is
  'How often in a row its run was interrupted: ended without its fault, and at no cost of an attempt. Any other end sets it to 0.';
comment on column pulp.task.run_after is
  'Not before this time: the delay asked for, the back-off of a retry, or when its run was interrupted.';
comment on column pulp.task.attempt is 'How often it was started, without runs that were interrupted.';

alter table pulp.task_type add column on_worker_stop text check (on_worker_stop in ('requeue', 'cancel'));
update pulp.task_type set on_worker_stop = case on_worker_loss when 'retry' then 'requeue' else 'cancel' end;
alter table pulp.task_type alter column on_worker_stop set not null;
comment on column pulp.task_type.on_worker_stop is 'What becomes of a run that its worker ends because it stops.';

-- These give other columns than before. The last is not needed any more: a report concerns the runs that it names and no others.
drop function if exists pulp.progress(text, bigint, jsonb);
drop function if exists pulp.start(text, bigint, text[], text[], integer);
drop function if exists pulp.finish_and_start(text, bigint, jsonb, text[], text[], integer);
drop function if exists pulp.refuse_fenced(text, uuid[]);
