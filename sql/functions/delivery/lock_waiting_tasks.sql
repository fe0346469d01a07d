-- Locks those of these tasks that wait, with their jobs if they have been delivered, so that they stay as they are until the end of the
-- transaction. Gives their ids, and of which of all there is a job.
create or replace function pulp.lock_waiting_tasks(ids uuid[], out waiting uuid[], out with_job uuid[])
language plpgsql as $$
declare
  sorted constant uuid[] := array(select distinct unnest(ids) as id order by 1);
begin
  waiting := '{}';
  with_job := '{}';
  -- Jobs before tasks, as in start, and each in one order by all. Where a task was delivered meanwhile, all locks are given back with the
  -- subtransaction, and taken anew.
  while sorted <> '{}' loop
    begin
      with_job := array(
        select j.id from unnest(sorted) as i(id)
        cross join lateral (select x.queue from pulp.task x where x.id = i.id and x.state = 'waiting' offset 0) t
        cross join lateral (
          select job.id from pgboss.job where job.name = t.queue and job.id between i.id and i.id order by job.id for update
        ) j);
      waiting := array(
        select t.id from unnest(sorted) as i(id)
        cross join lateral (select x.id from pulp.task x where x.id = i.id and x.state = 'waiting' for no key update) t);
      exit when not exists (
        select from unnest(waiting) as i(id)
        cross join lateral (select x.queue from pulp.task x where x.id = i.id offset 0) t
        cross join lateral (
          select job.id from pgboss.job where job.name = t.queue and job.id between i.id and i.id order by job.id
        ) j
        where j.id <> all (with_job));
      raise exception using errcode = 'PU009';
    exception
      when sqlstate 'PU009' then null;
    end;
  end loop;
end $$;
comment on function pulp.lock_waiting_tasks is 'Locks tasks that wait, with their jobs.';
