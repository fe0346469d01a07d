-- What is wrong with the option "requires" of an enqueue, or null.
create or replace function pulp.requires_problem(requires jsonb) returns text
language plpgsql immutable parallel safe as $$
declare
  -- An operator and a version, each; what is left of a range without them says how they are joined.
  condition constant text := '(>=|<=|>|<|==|=|!=|[~^])?[ ]*v?[0-9]{1,18}([.][0-9]{1,18}){0,5}([.][x*])?([-._]?[A-Za-z]+[-._]?[0-9]{0,18}[-.0-9A-Za-z]*)?([+][0-9A-Za-z.-]+)?|[x*]';
  bad text;
begin
  if coalesce(requires, 'null') = 'null' then
    return null;
  elsif jsonb_typeof(requires) <> 'object' or requires = '{}' then
    return 'must be an object of ranges of versions by name';
  elsif (select count(*) from jsonb_object_keys(requires)) > 20 then
    return 'names more than 20 things';
  end if;
  select key into bad from jsonb_object_keys(requires) key where not pulp.is_name(key) limit 1;
  if bad is not null then
    return format('%s: must start with a letter and have at most 128 letters, digits and characters of _.:@-', left(bad, 200));
  end if;
  select key into bad from jsonb_each(requires) r(key, range)
    where jsonb_typeof(range) <> 'string' or octet_length(range #>> '{}') > 200
      or regexp_replace(range #>> '{}', condition, '#', 'g') !~ '^ *#(( *, *| +| *[|][|] *)#)* *$'
    limit 1;
  if bad is not null then
    return format('%s: must be a range of versions such as >=2.1, ^3.0, 1.x or ">=2.1 <3 || 4.x"', bad);
  end if;
  return null;
end $$;
comment on function pulp.requires_problem is 'What is wrong with the option "requires" of an enqueue, or null.';
