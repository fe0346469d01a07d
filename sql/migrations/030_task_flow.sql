-- How many tasks are where is counted as they move, so that nobody has to count rows. Every transaction adds rows of its own: no row is
-- written by two, and nobody waits. What was added is put together from time to time (see pulp.sum_task_flow).

create table pulp.task_flow (
  queue text not null collate "C",
  name text not null collate "C",
  before text not null collate "C",
  after text not null collate "C",
  cause text not null collate "C" default '',
  bucket smallint not null default -1,
  number bigint not null,
  seconds double precision not null default 0,
  is_sum boolean not null default false
) with (
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_insert_threshold = -1,
  autovacuum_analyze_threshold = 100000
);
alter table pulp.task_flow replica identity full; -- a publication of all tables refuses changes of rows that nothing tells apart
comment on table pulp.task_flow is 'How many tasks went from one phase to another. The numbers of those in a phase follow from it: who came, less who went. See docs/monitoring.md.';
comment on column pulp.task_flow.queue is 'Of which queue.';
comment on column pulp.task_flow.name is 'Of which task type.';
comment on column pulp.task_flow.before is 'Where they were: delayed, blocked (by claims), claimable, running, canceling, or a final state. Empty: nowhere, or in another queue. Of workers that were lost: online.';
comment on column pulp.task_flow.after is 'Where they are from then on. Empty: purged, or in another queue. Of workers that were lost: missing.';
comment on column pulp.task_flow.cause is 'enqueued, retry, interrupted, worker_lost, or recounted: no move, but what a recount put right. Of workers: death (reported, or said by an operator) or lease.';
comment on column pulp.task_flow.bucket is 'Of moves to running, how long they had waited since they were due; of moves from it, how long they ran: how many of pulp.duration_bounds() that exceeds. -1: has no duration.';
comment on column pulp.task_flow.number is 'How many.';
comment on column pulp.task_flow.seconds is 'The sum of their durations.';
comment on column pulp.task_flow.is_sum is 'Whether it is put together from others.';

-- What is there. Whoever changes tasks just now has ended before, and who comes later counts.
lock table pulp.task, pulp.deferred in share row exclusive mode;
insert into pulp.task_flow (queue, name, before, after, cause, number)
select t.queue, t.name, '', case
    when t.state <> 'waiting' then t.state
    when d.task_id is not null then 'delayed'
    when t.unblocked_at is null and (t.exclusive_resources <> '{}' or t.shared_resources <> '{}') then 'blocked'
    else 'claimable' end, 'recounted', count(*)
from pulp.task t left join pulp.deferred d on d.task_id = t.id
group by t.queue, t.name, 4;
