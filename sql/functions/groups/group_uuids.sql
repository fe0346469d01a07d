-- The groups that the caller may see, with the UUIDs by which those know them that know things by UUIDs alone (see pulp.name_uuid), in the
-- order of these; or the one of a UUID. Each by probes of indexes.
create or replace function pulp.group_uuids(only_one uuid default null) returns table (uuid uuid, id text)
language sql stable security definer set search_path = pulp, pg_temp set enable_seqscan = off as $$
  with recursive known (uuid) as (
    select coalesce(only_one, '00000000-0000-0000-0000-000000000000')
    union all
    select least(
      (select pulp.name_uuid(g.id) from pulp.created_group g
        where pulp.name_uuid(g.id) > known.uuid and ((select pulp.sees_all()) or pulp.acts_for(g.owner)) order by 1 limit 1),
      (select pulp.name_uuid(f.group_id) from pulp.group_flow f
        where pulp.name_uuid(f.group_id) > known.uuid and ((select pulp.sees_all()) or pulp.acts_for(f.owner)) order by 1 limit 1))
    from known where known.uuid is not null and only_one is null
  )
  select known.uuid, named.id
  from known
  cross join lateral (
    select coalesce(
      (select g.id from pulp.created_group g
        where pulp.name_uuid(g.id) = known.uuid and ((select pulp.sees_all()) or pulp.acts_for(g.owner)) limit 1),
      (select f.group_id from pulp.group_flow f
        where pulp.name_uuid(f.group_id) = known.uuid and ((select pulp.sees_all()) or pulp.acts_for(f.owner)) limit 1)) as id
  ) named
  where named.id is not null
$$;
comment on function pulp.group_uuids is 'Groups with the UUIDs by which those know them that know things by UUIDs alone.';
