-- All rules that concern tasks one by one. Range and list as in fold_tasks.
create or replace function pulp.verify_streams(after text default null, upto text default null, only_ids uuid[] default null)
returns setof pulp.violation
language sql stable security definer set search_path = pulp, pg_temp as $$
  select * from pulp.verify_folds(after, upto, only_ids)
  union all select * from pulp.verify_lives(after, upto, only_ids)
$$;
comment on function pulp.verify_streams is 'All rules that concern tasks one by one.';
