-- Counts those of these tasks that are in groups as gone into a final state, or (taken back) from it.
create or replace function pulp.count_in_groups(ids uuid[], state text, sign integer default 1) returns void
language sql as $$
  insert into pulp.group_flow (group_id, owner, state, number)
  select t.group_id, t.owner, count_in_groups.state, sign * count(*)
  from unnest(ids) as i(id) cross join lateral (select x.group_id, x.owner from pulp.task x where x.id = i.id offset 0) t
  where t.group_id is not null
  group by t.group_id, t.owner
$$;
comment on function pulp.count_in_groups is 'Counts tasks of groups as gone into a final state.';
