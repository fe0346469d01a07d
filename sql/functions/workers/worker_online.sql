-- The birth of a worker, called by its own session: takes the name, or refuses if a live session has it; ends what an
-- earlier worker of that name left behind; publishes its task types; gives its incarnation. A worker that lost its session
-- says which incarnation it was: the server may not have noticed yet, and the old session is ended for it. Whoever meets
-- an error here closes the session: its lock outlives the transaction.
create or replace function pulp.worker_online(
  worker text, host text, pid integer, queues text[], concurrency integer, task_types jsonb, previous bigint default null
) returns bigint
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  class constant integer := pulp.lock_class('worker');
  number integer;
  known pulp.worker;
  incarnation bigint;
begin
  perform pulp.check_worker_name(worker);
  if exists (select from unnest(queues) as q where not pulp.is_name(q)) then
    raise exception 'queue "%" is not allowed', (select q from unnest(queues) as q where not pulp.is_name(q) limit 1)
      using errcode = 'PU004', hint = 'A name starts with a letter and has at most 128 letters, digits and characters of _.:@-';
  end if;

  insert into pulp.worker_name (name) values (worker) on conflict (name) do nothing;
  select w.id into number from pulp.worker_name w where w.name = worker_online.worker;
  if not pg_try_advisory_lock(class, number) then
    select * into known from pulp.worker w where w.name = worker_online.worker;
    if known.incarnation = previous then
      perform pulp.end_session(known.backend_pid);
    end if;
    if known.incarnation is distinct from previous or not pg_try_advisory_lock(class, number) then
      raise exception 'worker "%" is up already: process % on %', worker, known.pid, known.host using errcode = 'PU006',
        hint = 'Give this worker another name, or stop the other one first.';
    end if;
  end if;

  perform pulp.end_worker(worker, 'WorkerMissing', false, format('Worker %s lost its session.', worker));

  select * into known from pulp.worker w where w.name = worker_online.worker for no key update;
  incarnation := pulp.append_worker_online(worker, known, jsonb_build_object(
    'host', host, 'pid', pid, 'queues', to_jsonb(queues), 'concurrency', concurrency,
    'task_types', (select coalesce(jsonb_agg(t ->> 'name'), '[]') from jsonb_array_elements(task_types) as t),
    'backend_pid', pg_backend_pid()));

  perform pulp.publish_task_types(worker, task_types);
  perform pulp.create_queues(queues);
  return incarnation;
end $$;
comment on function pulp.worker_online is 'The birth of a worker; gives its incarnation.';
