-- Other clients of pg-boss that work, or worked within the hour, on the schema that is ours; ten at most.
create or replace function pulp.pg_boss_clients() returns text[]
language sql stable as $$
  select array(
    select format('%s (process %s on %s)', coalesce(i.name, i.application_name, 'pg-boss ' || i.version), i.pid, i.host)
    from pgboss.instance i
    where i.heartbeat_on > pgboss.job_now() - interval '1 hour'
    order by i.heartbeat_on desc, i.id limit 10)
$$;
comment on function pulp.pg_boss_clients is 'Other clients of pg-boss that work on the schema that is ours.';
