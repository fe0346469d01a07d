-- Signs of life of workers, one event for all of them. Gives those among them that were given up meanwhile.
create or replace function pulp.heartbeat(workers text[], incarnations bigint[]) returns setof text
language plpgsql security definer set search_path = pulp, pg_temp set jit = off
set synchronous_commit = off as $$
declare
  alive text[];
  beat pulp.event;
begin
  alive := array(
    select w.name from unnest(workers, incarnations) as b(name, incarnation)
    join pulp.worker w on w.name = b.name and w.incarnation = b.incarnation and w.state = 'online'
    order by w.name for no key update of w);
  if alive <> '{}' then
    insert into pulp.event (stream_kind, stream_id, version, type, data, actor)
      values ('heartbeat', alive[1], 0, 'WorkerHeartbeat', jsonb_build_object('workers', to_jsonb(alive)), pulp.actor())
      returning * into beat;
    update pulp.worker w set last_heartbeat = (pulp.evolve_worker(w, beat)).last_heartbeat where w.name = any (alive);
  end if;
  return query select unnest(workers) except select unnest(alive);
end $$;
comment on function pulp.heartbeat is 'Signs of life of workers; gives those that were given up.';
