-- Signs of life of workers, one event for all of them, with how many tasks each has finished since its last one, and with what is
-- decided by now of the log: see first_undecided. Says of
-- each how it fares: "confirmed"; "over" if it is no longer online as that incarnation; "held" if another transaction is about
-- to end it: whether it does is not waited for. And what each was told to do: how many tasks to have in hand, and why to end, if it is to. Only the login that bore a worker gives its signs of life. Nobody is notified, for a commit that notifies may wait for other commits.
create or replace function pulp.heartbeat(workers text[], incarnations bigint[], finished integer[] default '{}')
returns table (worker text, verdict text, concurrency integer, draining text)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off as $$
#variable_conflict use_column
declare
  other pulp.worker;
  alive text[];
  counts jsonb;
  beat pulp.event;
begin
  select w.* into other from unnest(workers) as b(name) join pulp.worker w using (name)
    where w.state = 'online' and w.login <> session_user limit 1;
  if found then
    perform pulp.check_login(other);
  end if;
  perform pulp.know_era();
  perform pulp.need_event_leaf(class) from unnest('{event_heartbeat,event_system,event_batch}'::text[]) as class;
  select array_agg(w.name), jsonb_object_agg(w.name, w.finished) into alive, counts
    from (
      select w.name, b.finished from unnest(workers, incarnations, heartbeat.finished) as b(name, incarnation, finished)
      join pulp.worker w on w.name = b.name and w.incarnation = b.incarnation and w.state = 'online'
      order by w.name for no key update of w skip locked
    ) w;
  if alive is not null then
    insert into pulp.event_single (stream_kind, stream_id, version, type, schema_version, data, actor)
      values ('heartbeat', alive[1], 0, 'WorkerHeartbeat', 2, jsonb_build_object('workers', counts, 'decided', pulp.log_horizon()::text), pulp.actor())
      returning * into beat;
    update pulp.worker w set last_heartbeat = (a.after).last_heartbeat, finish_rate = (a.after).finish_rate
      from (select x.name, pulp.evolve_worker(x, beat) as after from pulp.worker x where x.name = any (alive)) a
      where w.name = a.name;
  end if;
  return query
    select b.name, case when b.name = any (alive) then 'confirmed' when w.name is null then 'over' else 'held' end,
      w.concurrency, w.draining
    from unnest(workers, incarnations) as b(name, incarnation)
    left join pulp.worker w on w.name = b.name and w.incarnation = b.incarnation and w.state = 'online';
end $$;
comment on function pulp.heartbeat is 'Signs of life of workers; says how each fares.';
