-- Puts right, from the log, the jobs that another client of pg-boss has taken from our queues: fetched, ended or deleted; and those
-- of before the clock was put back, which would wait until it is there again, though nothing is put off but for a moment. To be
-- called about once a minute by the resource manager that leads; where nothing is wrong it costs a look at each queue and at
-- "batch" tasks. Gives how many tasks were put right, and which clients there are. What somebody has locked is left to the next
-- call.
create or replace function pulp.mend_delivery(batch integer default 1000, out mended integer, out takers text[])
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set lock_timeout = '100ms'
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  queues text[];
  wrong uuid[];
begin
  perform pulp.check_leader();
  with due as (
    update pgboss.job j set start_after = pgboss.job_now()
    from (
      select late.ctid as row
      from pulp.queue q
      cross join lateral (
        select x.ctid from pgboss.job x
        where x.name = q.name and x.state = 'created' and not x.blocked
          and x.start_after > pgboss.job_now() + interval '1 min' and x.start_after < 'infinity'
        limit batch for update skip locked
      ) late
    ) l
    where j.ctid = l.row and j.start_after < 'infinity'
    returning j.name
  )
  select array_agg(distinct name) into queues from due;
  perform pulp.notify('pulp_ready', q) from unnest(queues) as q;

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
