-- A worker holds its runs by a lease: from its last sign of life for the TTL. Its session may be lost and replaced meanwhile.

alter table pulp.worker
  add column process text,
  add column unable text,
  add column stuck jsonb;
comment on column pulp.worker.process is 'Which process it is, for others on its host: boot, namespace of process ids, id, start time. Null: unknown.';
comment on column pulp.worker.stuck is 'Its runs that go on though their processes were killed, with those processes; null: none.';
comment on column pulp.worker.unable is 'Why it takes no tasks at present, though it is online; null: it is able to.';

-- Replaced by functions with other parameters or results.
drop function if exists pulp.check_worker_processes(double precision);
drop function if exists pulp.heartbeat(text[], bigint[], integer[]);
drop function if exists pulp.stand_for_election(text, boolean, double precision);
drop function if exists pulp.stand_for_election(text, boolean, jsonb);
drop function if exists pulp.is_managed(double precision);
drop function if exists pulp.worker_online(text, text, integer, text[], integer, jsonb, bigint);
drop function if exists pulp.end_worker(text, text, boolean, text, bigint);
drop function if exists pulp.append_worker_online(text, pulp.worker, jsonb);
