-- Whether all tasks of a group are dispatched and over, but for those that wait for exactly that.
create or replace function pulp.is_group_over(id text) returns boolean
language sql stable as $$
  select (select g.dispatched from pulp.created_group g where g.id = is_group_over.id)
    and (select coalesce(sum(case f.state when '' then f.number else -f.number end), 0) from pulp.group_flow f where f.group_id = is_group_over.id)
      = (select count(*) from pulp.dependency d where d.kind = 'group' and d.name = is_group_over.id)
$$;
comment on function pulp.is_group_over is 'Whether all tasks of a group are dispatched and over, but for those that wait for that.';
