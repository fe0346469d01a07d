-- The same where unique keys are asked for. Gives no row, and makes none, where somebody else has just taken one of the keys: with the
-- subtransaction all locks are given back.
create or replace function pulp.insert_unique_tasks(
  common jsonb, enqueued_at timestamptz, ids uuid[], positions bigint[], facts jsonb[], correlation_ids text[]
) returns table (inserted bigint[], deliverable uuid[], claiming bigint[], deferred uuid[], grouped uuid[])
language plpgsql as $$
begin
  select i.* into inserted, deliverable, claiming, deferred, grouped
    from pulp.insert_tasks(common, enqueued_at, ids, positions, facts, correlation_ids, true) i;
  if exists (select from unnest(ids) as i(id) where (select 1 from pulp.task t where t.id = i.id) is null) then
    raise exception using errcode = 'PU009';
  end if;
  return next;
exception
  when sqlstate 'PU009' then null;
end $$;
comment on function pulp.insert_unique_tasks is 'Makes the rows of tasks that are enqueued, unless somebody else has just taken a unique key.';
