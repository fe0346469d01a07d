-- Puts together what was added to pulp.group_flow since the last time: see pulp.sum_task_flow. What comes to nothing is left out.
create or replace function pulp.sum_group_flow(at_most integer default 20000) returns void
language plpgsql set jit = off set enable_hashjoin = on as $$
declare
  added tid[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    return; -- rows that are gone by now would fail the caller
  end if;
  added := array(select f.ctid from pulp.group_flow f where not f.is_sum limit at_most for update skip locked);
  if cardinality(added) < 100 then -- not worth it
    return;
  end if;
  with added_rows as (
    delete from pulp.group_flow f where f.ctid = any (added) returning f.*
  ),
  sums as (
    select f.ctid as row from (select distinct a.group_id from added_rows a) a
    cross join lateral (select x.ctid from pulp.group_flow x where x.group_id = a.group_id and x.is_sum for update skip locked) f
  ),
  former_sums as (
    delete from pulp.group_flow f where f.ctid = any (array(select row from sums)) returning f.*
  )
  insert into pulp.group_flow
  select f.group_id, f.owner, f.state, sum(f.number), true
  from (select * from added_rows union all select * from former_sums) f
  group by f.group_id, f.owner, f.state
  having sum(f.number) <> 0;
end $$;
comment on function pulp.sum_group_flow is 'Puts together what was added to pulp.group_flow.';
