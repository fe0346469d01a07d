-- The tasks that wait, of those that the caller may see, where at most so many wait: from the lists of what is to be done, not from all tasks. Null where
-- there are more, or the lists name another number than is counted (a job may have been deleted, until its task is delivered anew).
create or replace function pulp.waiting_ids(at_most integer) returns uuid[]
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  sees_all constant boolean := pulp.sees_all();
  counted bigint;
  listed bigint;
  ids uuid[];
begin
  select coalesce(sum(c.tasks), 0) into counted from pulp.counted_tasks() c where c.phase in ('delayed', 'blocked', 'claimable');
  if counted <= at_most then
    select count(*), coalesce(array_agg(t.id) filter (where sees_all or pulp.acts_for(t.owner)), '{}') into listed, ids
      from (
        select j.id from (select ours.name collate "default" as name from pulp.queue ours) q -- as pg-boss's index is ordered
          cross join lateral (select job.id from pgboss.job where job.name = q.name) j
        union select d.task_id from pulp.deferred d
        union select w.task_id from pulp.reservation_waiting w
      ) l
      cross join lateral (select x.id, x.owner from pulp.task x where x.id = l.id and x.state = 'waiting' offset 0) t;
  end if;
  return case when listed = counted then ids end;
end $$;
comment on function pulp.waiting_ids is 'The tasks that wait, of those that the caller may see, where few wait.';
