-- Puts right, from the log, the jobs that another client of pg-boss has taken from our queues: fetched, ended or deleted. To be
-- called about once a minute by the resource manager that leads; where nothing is wrong it costs a look at each queue and at
-- "batch" tasks. Gives how many tasks were put right, and which clients there are. What somebody has locked is left to the next
-- call.
create or replace function pulp.mend_delivery(batch integer default 1000, out mended integer, out takers text[])
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set lock_timeout = '100ms'
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  wrong uuid[];
begin
  wrong := array(select pulp.taken_jobs(batch) union select unnest(pulp.lost_jobs(batch)));
  mended := 0;
  takers := '{}';
  if wrong = '{}' then
    return;
  end if;
  mended := cardinality(wrong) - cardinality(pulp.rebuild_tasks(wrong));
  takers := pulp.pg_boss_clients();
end $$;
comment on function pulp.mend_delivery is 'Puts right the jobs that another client of pg-boss has taken from our queues.';
