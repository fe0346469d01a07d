-- Workers can be told from anywhere to stop, or to have another number of tasks in hand.
alter table pulp.worker add column draining text;
comment on column pulp.worker.draining is 'Why somebody has told it to finish what it runs and end (empty: no reason was given); null: nobody has.';
comment on column pulp.worker.concurrency is 'How many tasks it has in hand at most.';

-- It tells what a worker was told to do, too.
drop function if exists pulp.heartbeat(text[], bigint[], integer[]);
