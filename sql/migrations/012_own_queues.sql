-- Queues in a schema of our own. Earlier versions kept them in pg-boss's usual one, which others may use as well: what is
-- ours there moves, what is not stays.

create table pulp.queue (
  name text primary key collate "C"
);
comment on table pulp.queue is 'Marks the pg-boss queues that are ours: no other client of pg-boss is to take from them.';
comment on column pulp.queue.name is 'The queue.';

comment on column pulp.migration.checksum is
  'SHA-256 of its text; of pg-boss, its version; of pg-boss''s schema, its name.';

do $$
declare
  ours text[];
begin
  if not exists (select from pulp.task) and not exists (select from pulp.worker)
    or to_regclass('"pgboss".job') is null or to_regclass('"pgboss".queue') is null then
    return;
  end if;
  -- After those who deliver or fetch just now; who comes later finds no queue. (A weaker lock lets those in who lock rows first.)
  lock table "pgboss".job in exclusive mode;
  ours := array(select distinct t.queue from pulp.task t union select unnest(w.queues) from pulp.worker w);

  perform pgboss.create_queue(q.name, '{"policy": "standard", "retentionSeconds": 2147483647}')
    from "pgboss".queue q where q.name = any (ours);
  insert into pulp.queue (name) select q.name from pgboss.queue q where q.name = any (ours);

  insert into pgboss.job (
    id, name, data, priority, start_after, created_on, expire_seconds, deletion_seconds, keep_until,
    retry_limit, retry_delay, retry_backoff, retry_delay_max, policy, dead_letter, heartbeat_seconds
  )
  select j.id, j.name, jsonb_build_object('name', t.name), t.priority, j.start_after, j.created_on,
    q.expire_seconds, q.deletion_seconds, pgboss.job_now() + q.retention_seconds * interval '1s',
    q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.policy, q.dead_letter, q.heartbeat_seconds
  from "pgboss".job j
  join pulp.task t on t.id = j.id and t.queue = j.name and t.state = 'waiting'
  join pgboss.queue q on q.name = j.name;
  delete from "pgboss".job j using pulp.task t where t.id = j.id and t.queue = j.name;

  -- As our queues were made; one with anything in it may be somebody else's, too.
  perform "pgboss".delete_queue(q.name)
    from "pgboss".queue q
    where q.name = any (ours) and q.retention_seconds = 2147483647
      and not exists (select from "pgboss".job j where j.name = q.name);
end $$;
