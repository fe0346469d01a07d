-- A worker that lost its session attaches a new one, by the same login, under the same incarnation and with the same fences, as long
-- as nobody has ended it. This session takes its name and the locks of its runs again. "in_hand" are the fences of the runs that the
-- worker has. Gives each of its runs with what is to be done: "keep" it; "begin" one that was started, whose answer was lost; "end"
-- one whose resources somebody else has locked. Runs in hand that it does not give are not the worker's any more. An error
-- that says lock_not_available is to be repeated. After an error here the caller closes the session: its locks outlive the transaction.
create or replace function pulp.attach_worker(worker text, incarnation bigint, in_hand bigint[])
returns table (
  verdict text, id uuid, name text, args jsonb, kwargs jsonb, attempt integer, fence bigint, timeout_seconds double precision,
  parent_id uuid, correlation_id text, interruptions integer, trace_context jsonb
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  known pulp.worker;
  claiming uuid[];
  refused uuid[];
begin
  select * into known from pulp.worker w
    where w.name = attach_worker.worker and w.incarnation = attach_worker.incarnation and w.state = 'online'
    for no key update skip locked;
  if found then
    perform pulp.check_login(known);
  elsif not exists (
    select from pulp.worker w
    where w.name = attach_worker.worker and w.incarnation = attach_worker.incarnation and w.state = 'online'
  ) then
    perform pulp.check_incarnation(worker, attach_worker.incarnation);
  end if;
  if known.name is null or not pulp.take_worker_name(worker, attach_worker.incarnation) then
    raise exception 'the earlier session of worker "%" has not ended yet', worker using errcode = 'lock_not_available',
      hint = 'Repeat the command.';
  end if;

  select array_agg(t.id) into claiming
    from pulp.running r
    cross join lateral (select x.id from pulp.task x where x.id = r.task_id and x.fence > known.incarnation and pulp.has_claims(x) offset 0) t
    where r.worker = attach_worker.worker;
  refused := coalesce(pulp.lock_resources(pulp.granted_claims(claiming)), '{}');
  if refused <> '{}' and exists (select from pg_stat_activity a where a.pid = known.backend_pid and a.pid <> pg_backend_pid()) then
    perform pulp.end_session(known.backend_pid, wait_ms => 0);
    raise exception 'the earlier session of worker "%" has not ended yet', worker using errcode = 'lock_not_available',
      hint = 'Repeat the command.';
  end if;
  perform pulp.append_worker_event(worker, known, 'WorkerAttached', jsonb_build_object('backend_pid', pg_backend_pid()));
  perform set_config('pulp.release', coalesce(known.release, ''), false), set_config('pulp.fronts', '', false);

  return query
    select case when t.id = any (refused) then 'end' when t.fence = any (in_hand) then 'keep' else 'begin' end,
      t.id, t.name, t.args, t.kwargs, t.attempt, t.fence, t.timeout_seconds, t.parent_id, t.correlation_id,
      t.interruptions, t.trace_context
    from pulp.running r
    cross join lateral (select x.* from pulp.task x where x.id = r.task_id and x.fence > known.incarnation offset 0) t
    where r.worker = attach_worker.worker;
end $$;
comment on function pulp.attach_worker is 'A worker attaches a new session; gives what becomes of its runs.';
