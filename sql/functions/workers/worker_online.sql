-- The birth of a worker, called by its own session: takes the name, ends what an earlier worker of that name left behind,
-- publishes its task types, also those that it does not take; gives its incarnation. It may say why it is unable to take tasks yet. It is refused while a live session has the name. An earlier worker of the name
-- whose session is gone may still run tasks, as long as its lease stands: the birth is refused until that incarnation is
-- "over", as the caller knows: it was the caller itself, its process on this host is gone, or the caller has seen it
-- silent for the whole TTL; for the latter it gives the mark that it saw, as in check_worker_processes. The detail of that refusal
-- tells what there is to know. After an error here the caller closes the session: its lock outlives the transaction.
create or replace function pulp.worker_online(
  worker text, host text, pid integer, queues text[], concurrency integer, task_types jsonb, process text default null,
  unable text default null, over bigint default null, silent_mark text default null,
  versions jsonb default null, release text default null
) returns bigint
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  known pulp.worker;
begin
  perform pulp.check_worker_name(worker);
  if exists (select from unnest(queues) as q where not pulp.is_name(q)) then
    raise exception 'queue "%" is not allowed', (select q from unnest(queues) as q where not pulp.is_name(q) limit 1)
      using errcode = 'PU004', hint = 'A name starts with a letter and has at most 128 letters, digits and characters of _.:@-';
  end if;
  perform pulp.check_publications(task_types);
  perform pulp.check_versions(versions);

  perform pulp.begin_era_if_due();
  if not pulp.take_worker_name(worker, over) then
    select * into known from pulp.worker w where w.name = worker_online.worker;
    raise exception 'worker "%" is up already: process % on %', worker, known.pid, known.host using errcode = 'PU006',
      detail = (select 'Its name is held by ' || pulp.session_text(s.backend_pid) from pulp.worker_sessions() s where s.worker = worker_online.worker),
      hint = 'Give this worker another name, or stop the other one first.';
  end if;

  select * into known from pulp.worker w where w.name = worker_online.worker for update;
  if known.state = 'online' then
    perform pulp.check_login(known);
    if known.incarnation is distinct from over and pulp.worker_mark(known) is distinct from silent_mark then
      raise exception 'worker "%" lost its session, but may still run tasks: process % on %', worker, known.pid, known.host
        using errcode = 'PU012', hint = 'Wait until its lease is over, or give this worker another name.',
          detail = jsonb_build_object('incarnation', known.incarnation::text, 'mark', pulp.worker_mark(known), 'process', known.process);
    end if;
    perform pulp.end_worker(known, 'WorkerMissing', false);
    select * into known from pulp.worker w where w.name = worker_online.worker;
  end if;

  known := pulp.append_worker_event(worker, known, 'WorkerOnline', jsonb_strip_nulls(jsonb_build_object(
    'host', host, 'pid', pid, 'queues', to_jsonb(queues), 'concurrency', concurrency,
    'task_types', (
      select coalesce(jsonb_agg(t ->> 'name'), '[]') from jsonb_array_elements(task_types) as t
      where (t -> 'takes') is distinct from 'false'),
    'backend_pid', pg_backend_pid(), 'login', session_user, 'process', process, 'unable', unable, 'versions', nullif(versions, '{}'), 'release', release)));
  perform set_config('pulp.release', coalesce(release, ''), false), -- it stands in the starts of this session
    set_config('pulp.fronts', '', false); -- see next_jobs
  perform pulp.publish_task_types(worker, task_types);
  perform pulp.prepare_queues(queues);
  return known.incarnation;
end $$;
comment on function pulp.worker_online is 'The birth of a worker; gives its incarnation.';
