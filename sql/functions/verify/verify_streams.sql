-- All rules that concern tasks one by one. Slice and list as in fold_tasks.
create or replace function pulp.verify_streams(slice integer default null, slices integer default null, only_ids uuid[] default null)
returns setof pulp.violation
language sql stable security definer set search_path = pulp, pg_temp as $$
  select * from pulp.verify_folds(slice, slices, only_ids)
  union all select * from pulp.verify_lives(slice, slices, only_ids)
$$;
comment on function pulp.verify_streams is 'All rules that concern tasks one by one.';
