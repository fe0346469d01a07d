-- Tasks that should have a job and have none, among the next "batch" ones of a walk through all that may not be over, round
-- and round: each task comes up once a round. The cost is that of the batch.
create or replace function pulp.lost_jobs(batch integer) returns uuid[]
language plpgsql as $$
declare
  walk pulp.delivery_walk;
  lost uuid[];
  seen bigint;
  last timestamptz;
  next_oldest timestamptz;
begin
  select * into strict walk from pulp.delivery_walk for update;
  with step as materialized (
    select t as task, t.id, t.queue, t.state, t.enqueued_at from pulp.task t
    where t.enqueued_at > walk.at
    order by t.enqueued_at fetch first batch rows with ties
  )
  select array_agg(s.id) filter (where s.state = 'waiting'
        and (select 1 from pulp.deferred d where d.task_id = s.id) is null
        and (not pulp.has_claims(s.task) or (select 1 from pulp.reservation_granted g where g.task_id = s.id limit 1) is not null)
        and (select 1 from pgboss.job j where j.name = s.queue and j.id = s.id) is null),
      count(*), max(s.enqueued_at), min(s.enqueued_at) filter (where s.state in ('waiting', 'running', 'canceling'))
    into lost, seen, last, next_oldest
    from step s;
  next_oldest := least(walk.oldest, next_oldest);
  if seen < batch then
    -- The next round begins with the oldest that is not over, or was enqueued in a transaction that was open until now.
    last := least(next_oldest, clock_timestamp() - interval '10 min') - interval '1 us';
    next_oldest := null;
  end if;
  update pulp.delivery_walk w set at = last, oldest = next_oldest
    where (w.at, w.oldest) is distinct from (last, next_oldest);
  return lost;
end $$;
comment on function pulp.lost_jobs is 'Tasks that should have a job and have none, among the next ones of a walk.';
