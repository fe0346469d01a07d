-- Refuses what a worker says that it has in which version, if it is no such thing.
create or replace function pulp.check_versions(versions jsonb) returns void
language plpgsql immutable as $$
begin
  if coalesce(versions, 'null') <> 'null' and (
    jsonb_typeof(versions) <> 'object' or (select count(*) from jsonb_object_keys(versions)) > 200
    or exists (select from jsonb_each(versions) v
      where not pulp.is_name(v.key) or jsonb_typeof(v.value) <> 'string' or octet_length(v.value #>> '{}') > 128
        or pulp.version_key(v.value #>> '{}') is null)) then
    raise exception 'versions: must be an object of at most 200 versions by name, such as {"rpm": "2.1.0"}' using errcode = 'PU004',
      hint = 'Correct it; the worker was not registered.';
  end if;
end $$;
comment on function pulp.check_versions is 'Refuses what a worker says that it has in which version, if it is no such thing.';
