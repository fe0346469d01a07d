-- The birth of a worker, called by its own session: takes the name, or refuses if a live session has it; clears what an
-- earlier worker of that name left behind; publishes its task types; gives its incarnation.
create or replace function pulp.worker_online(
  worker text, host text, pid integer, queues text[], concurrency integer, task_types jsonb
) returns bigint
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  number integer;
  known pulp.worker;
  born pulp.worker;
  birth pulp.event;
begin
  if not pulp.is_name(worker) then
    raise exception 'worker name "%" is not allowed', worker using errcode = 'PU004',
      hint = 'A name starts with a letter and has at most 128 letters, digits and characters of _.:@-';
  end if;
  if exists (select from unnest(queues) as q where not pulp.is_name(q)) then
    raise exception 'queue "%" is not allowed', (select q from unnest(queues) as q where not pulp.is_name(q) limit 1)
      using errcode = 'PU004', hint = 'A name starts with a letter and has at most 128 letters, digits and characters of _.:@-';
  end if;
  insert into pulp.worker_name (name) values (worker) on conflict (name) do nothing;
  select w.id into number from pulp.worker_name w where w.name = worker_online.worker;
  if not pg_try_advisory_lock(pulp.lock_class('worker'), number) then
    select * into known from pulp.worker w where w.name = worker_online.worker;
    raise exception 'worker "%" is up already: process % on %', worker, known.pid, known.host using errcode = 'PU006',
      hint = 'Give this worker another name, or stop the other one first.';
  end if;

  perform pulp.mark_worker_offline(worker, true);

  select * into known from pulp.worker w where w.name = worker_online.worker for no key update;
  insert into pulp.event (stream_kind, stream_id, version, type, data, actor)
    values ('worker', worker, coalesce(known.version, 0) + 1, 'WorkerOnline', jsonb_build_object(
      'host', host, 'pid', pid, 'queues', to_jsonb(queues), 'concurrency', concurrency,
      'task_types', (select coalesce(jsonb_agg(t ->> 'name'), '[]') from jsonb_array_elements(task_types) as t),
      'backend_pid', pg_backend_pid()), pulp.actor())
    returning * into birth;
  born := pulp.evolve_worker(known, birth);
  delete from pulp.worker w where w.name = worker_online.worker;
  insert into pulp.worker select born.*;

  insert into pulp.task_type (name, schema, isolation, on_worker_loss, published_by, published_at)
    select t ->> 'name', t -> 'schema', t ->> 'isolation', t ->> 'on_worker_loss', worker, birth.recorded_at
    from jsonb_array_elements(task_types) as t
    on conflict (name) do update set schema = excluded.schema, isolation = excluded.isolation,
      on_worker_loss = excluded.on_worker_loss, published_by = excluded.published_by, published_at = excluded.published_at;
  perform pulp.create_queues(queues);
  return born.incarnation;
end $$;
comment on function pulp.worker_online is 'The birth of a worker; gives its incarnation.';
