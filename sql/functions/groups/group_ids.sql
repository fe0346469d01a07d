-- The ids of groups that the caller may see, in the order of their bytes, from the one after "after" on, each by probes of indexes.
create or replace function pulp.group_ids(after text default '', at_most integer default 50) returns setof text
language sql stable security definer set search_path = pulp, pg_temp set enable_seqscan = off as $$
  with recursive known (id, place) as (
    select coalesce(group_ids.after, '') collate "C", 0
    union all
    select least(
        (select g.id from pulp.created_group g
          where g.id > known.id and ((select pulp.sees_all()) or pulp.acts_for(g.owner)) order by g.id limit 1),
        (select f.group_id from pulp.group_flow f
          where f.group_id > known.id and ((select pulp.sees_all()) or pulp.acts_for(f.owner)) order by f.group_id limit 1)),
      known.place + 1
    from known where known.id is not null and known.place < at_most
  )
  select known.id from known where known.id is not null and known.place > 0
$$;
comment on function pulp.group_ids is 'The ids of groups in the order of their bytes.';
