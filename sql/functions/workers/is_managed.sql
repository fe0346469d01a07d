-- Whether a worker made to lead (resource-manager…) is online, with its session and a sign of life within the ttl (seconds).
create or replace function pulp.is_managed(ttl double precision) returns boolean
language sql stable security definer set search_path = pulp, pg_temp as $$
  select exists (
    select from pulp.worker w join pulp.worker_sessions() s on s.worker = w.name
    where w.state = 'online' and w.name like 'resource-manager%' and w.last_heartbeat >= clock_timestamp() - ttl * interval '1 s')
$$;
comment on function pulp.is_managed is 'Whether a worker made to lead is there and alive.';
