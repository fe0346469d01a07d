-- Makes the pg-boss queues of these names that are not there yet. Retention is long: a task waits as long as it takes,
-- whatever pg-boss's housekeeping thinks of old jobs.
create or replace function pulp.create_queues(names text[]) returns void
language plpgsql as $$
begin
  perform pgboss.create_queue(wanted.name, '{"policy": "standard", "retentionSeconds": 2147483647}')
    from unnest(names) as wanted(name)
    where not exists (select from pgboss.queue known where known.name = wanted.name);
end $$;
comment on function pulp.create_queues is 'Makes the pg-boss queues of these names that are not there yet.';
