-- Makes the pg-boss queues of these names that are not there yet, and marks them as ours. Retention is long: a task waits
-- as long as it takes, whatever pg-boss's housekeeping thinks of old jobs. There are ten thousand at most, beside those of reserved
-- workers: some look at each of them.
create or replace function pulp.create_queues(names text[]) returns void
language plpgsql as $$
declare
  most_queues constant integer := 10000;
  new_names text[];
begin
  new_names := array(
    select distinct wanted.name from unnest(names) as wanted(name)
    where not exists (select from pulp.queue ours where ours.name = wanted.name)
      or not exists (select from pgboss.queue known where known.name = wanted.name));
  if new_names = '{}' then
    return;
  end if;
  if (select count(*) from pulp.queue) >= most_queues and exists (select from unnest(new_names) as n where not pulp.is_reserved_worker(n)) then
    raise exception 'there are % queues already', most_queues using errcode = 'PU020',
      hint = 'Use a queue that there is. Those that are empty and served by no worker go with the daily upkeep (pulp.keep_up).';
  end if;
  perform pgboss.create_queue(name, '{"policy": "standard", "retentionSeconds": 2147483647}') from unnest(new_names) as name;
  update pgboss.queue known set retention_seconds = 2147483647 -- somebody else has made it
    where known.name = any (new_names) and known.retention_seconds < 2147483647;
  insert into pulp.queue (name) select unnest(new_names) on conflict (name) do nothing;
end $$;
comment on function pulp.create_queues is 'Makes the pg-boss queues of these names that are not there yet.';
