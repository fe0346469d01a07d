-- Puts together what was added to pulp.task_flow since the last time, so that reading it stays cheap. What somebody else puts together
-- just now is left to him: any number may do it at once, and all see the same sums as before. At most "at_most" rows.
create or replace function pulp.sum_task_flow(at_most integer default 20000) returns void
language plpgsql set jit = off set enable_hashjoin = on as $$
declare
  added tid[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    return; -- rows that are gone by now would fail the caller
  end if;
  added := array(select f.ctid from pulp.task_flow f where not f.is_sum limit at_most for update skip locked);
  if cardinality(added) < 100 then -- not worth it
    return;
  end if;
  with added_rows as (
    delete from pulp.task_flow f where f.ctid = any (added) returning f.*
  ),
  sums as (
    select f.ctid as row from pulp.task_flow f
    where f.is_sum and exists (
      select from added_rows a
      where (a.queue, a.name, a.before, a.after, a.cause, a.bucket) = (f.queue, f.name, f.before, f.after, f.cause, f.bucket))
    for update skip locked
  ),
  former_sums as (
    delete from pulp.task_flow f where f.ctid = any (array(select row from sums)) returning f.*
  )
  insert into pulp.task_flow
  select f.queue, f.name, f.before, f.after, f.cause, f.bucket, sum(f.number), sum(f.seconds), true
  from (select * from added_rows union all select * from former_sums) f
  group by f.queue, f.name, f.before, f.after, f.cause, f.bucket;
end $$;
comment on function pulp.sum_task_flow is 'Puts together what was added to pulp.task_flow.';
