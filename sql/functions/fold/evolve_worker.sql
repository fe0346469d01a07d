-- What an event does to a worker: the only place that says so. A heartbeat names many workers in one event and bears
-- no version; all others are counted. Takes null for a worker that does not exist yet.
create or replace function pulp.evolve_worker(worker pulp.worker, event pulp.event) returns pulp.worker
language plpgsql immutable parallel safe as $$
declare
  data jsonb := event.data;
begin
  if event.type = 'WorkerHeartbeat' then
    -- The later one counts, also when the clock was put back meanwhile; then there is not a time to divide by.
    worker.finish_rate := (data -> 'workers' ->> worker.name)::integer
      / case when event.recorded_at > worker.last_heartbeat
          then extract(epoch from event.recorded_at - worker.last_heartbeat)::double precision end;
    worker.last_heartbeat := event.recorded_at;
    return worker;
  end if;
  if event.version <> coalesce(worker.version, 0) + 1 then
    raise exception 'event % of worker % cannot follow its version %', event.version, event.stream_id, coalesce(worker.version, 0)
      using errcode = 'PU008', hint = 'The log has a gap or an event was folded twice.';
  end if;

  case event.type
    when 'WorkerOnline' then
      worker.name := event.stream_id;
      worker.state := 'online';
      worker.host := data ->> 'host';
      worker.pid := (data ->> 'pid')::integer;
      worker.queues := pulp.text_array(data -> 'queues');
      worker.concurrency := (data ->> 'concurrency')::integer;
      worker.task_types := pulp.text_array(data -> 'task_types');
      worker.incarnation := event.position;
      worker.backend_pid := (data ->> 'backend_pid')::integer;
      worker.process := data ->> 'process';
      worker.login := data ->> 'login';
      worker.unable := data ->> 'unable';
      worker.versions := data -> 'versions';
      worker.release := data ->> 'release';
      worker.stuck := null;
      worker.draining := null;
      worker.online_at := event.recorded_at;
      worker.last_heartbeat := event.recorded_at;
      worker.finish_rate := null;
      worker.missing := false;
      worker.gracefully_stopped := false;
    when 'WorkerAttached' then
      worker.backend_pid := (data ->> 'backend_pid')::integer;
    when 'WorkerUnable' then
      worker.unable := data ->> 'reason';
    when 'WorkerAble' then
      worker.unable := null;
    when 'WorkerStuck' then
      worker.stuck := nullif(data -> 'runs', '[]');
    when 'WorkerDraining' then
      worker.draining := data ->> 'reason';
    when 'WorkerResized' then
      worker.concurrency := (data ->> 'concurrency')::integer;
    when 'WorkerOffline' then
      worker.finish_rate := null;
      worker.state := 'offline';
      worker.gracefully_stopped := (data ->> 'normal_shutdown')::boolean;
    when 'WorkerMissing' then
      worker.finish_rate := null;
      worker.state := 'missing';
      worker.missing := true;
    else
      raise exception 'unknown event type % on worker %', event.type, event.stream_id
        using errcode = 'PU008', hint = 'It was written by a newer version: upgrade, then fold again.';
  end case;

  worker.version := event.version;
  return worker;
end $$;
comment on function pulp.evolve_worker is 'What an event does to a worker.';
