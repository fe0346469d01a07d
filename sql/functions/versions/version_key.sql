-- A version as numbers in whose order versions come: six parts, then 0, or less where a suffix says that it comes before its release (2.1.0-rc.1,
-- 2.1.0b2, 2.1.0.dev3), or more (2.1.0.post1), and the suffix's own number. What follows a plus does not count. Null: it is no version.
create or replace function pulp.version_key(version text) returns numeric[]
language plpgsql immutable strict parallel safe as $$
declare
  part constant text[] := regexp_match(version,
    '^v?([0-9]{1,18}(?:[.][0-9]{1,18}){0,5})(?:[-._]?([A-Za-z]+)[-._]?([0-9]{0,18})[-.0-9A-Za-z]*)?(?:[+][0-9A-Za-z.-]+)?$');
  numbers constant numeric[] := string_to_array(part[1], '.');
begin
  if part is null then
    return null;
  end if;
  return numbers || array_fill(0::numeric, array[6 - cardinality(numbers)]) || array[
    case lower(part[2]) when 'post' then 1 when 'rc' then -1 when 'c' then -1 when 'pre' then -1 when 'preview' then -1
      when 'beta' then -2 when 'b' then -2 when 'alpha' then -3 when 'a' then -3 when 'dev' then -4
      else case when part[2] is null then 0 else -5 end end,
    coalesce(nullif(part[3], '')::numeric, 0)];
end $$;
comment on function pulp.version_key is 'A version as numbers in whose order versions come.';
