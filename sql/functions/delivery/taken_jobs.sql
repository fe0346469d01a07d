-- Tasks whose jobs another client of pg-boss has fetched or ended; ours are deleted when they are started. Found by pg-boss's
-- indexes of such jobs, so that the cost does not grow with the jobs that wait.
create or replace function pulp.taken_jobs(at_most integer) returns setof uuid
language sql stable as $$
  select taken.id
  from (select ours.name collate "default" as name from pulp.queue ours) q -- as pg-boss's indexes are ordered
  cross join lateral (
    select job.id from pgboss.job where job.name = q.name and job.state in ('retry', 'active', 'failed')
    union
    select job.id from pgboss.job where job.name = q.name and job.completed_on is not null
  ) taken
  where (select 1 from pulp.task t where t.id = taken.id) is not null
  limit at_most
$$;
comment on function pulp.taken_jobs is 'Tasks whose jobs another client of pg-boss has fetched or ended.';
