-- What is wrong with a payload whose numbers, keys or depth JavaScript cannot have, with the path of the first bad value, or null.
-- In linear time: each value is looked at once, level by level, and the path is put together for the bad one alone. A bare
-- number is one that is too great for JavaScript.
create or replace function pulp.value_problem(value jsonb, path text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  most_levels constant integer := 64;
  problem text;
  place integer[];
  ordinal integer;
  key text;
begin
  with recursive found as (
    select value_problem.value, '{}'::integer[] as place
    union all
    select child.value, f.place || child.ordinality::integer
    from found f
    cross join lateral (
      select e.value, e.ordinality
      from jsonb_array_elements(case jsonb_typeof(f.value) when 'array' then f.value else '[]' end) with ordinality e
      union all
      select m.value, m.ordinality
      from jsonb_each(case jsonb_typeof(f.value) when 'object' then f.value else '{}' end) with ordinality m
    ) child
    where jsonb_typeof(f.value) in ('array', 'object') and cardinality(f.place) < most_levels
      and (jsonb_typeof(child.value) in ('array', 'object')
        or jsonb_typeof(child.value) = 'number' and (
          child.value not between '-9007199254740991' and '9007199254740991'
          or child.value between '-1e-323' and '1e-323' and child.value <> '0'))
  )
  select f.place, judged.problem into place, problem
    from found f
    cross join lateral (
      select case
        when jsonb_typeof(f.value) = 'number' then case
          when f.value not between '-1.7976931348623157e308' and '1.7976931348623157e308' then
            'is too large for a number of JavaScript; send it as a string'
          when f.value between '-1e-323' and '1e-323' then 'is too close to zero for a number of JavaScript; send it as a string'
          else 'is an integer beyond 2^53 - 1, which JavaScript cannot hold exactly; send it as a string' end -- also if it has a fraction
        when cardinality(f.place) >= most_levels and jsonb_typeof(f.value) in ('array', 'object') then
          format('is nested deeper than %s levels', most_levels)
        when jsonb_typeof(f.value) = 'object' and f.value ? '__proto__' then 'this key is not allowed' end as problem
    ) judged
    where judged.problem is not null
    order by f.place limit 1;

  foreach ordinal in array coalesce(place, '{}') loop
    if jsonb_typeof(value) = 'array' then
      path := format('%s[%s]', path, ordinal - 1);
      value := value -> (ordinal - 1);
    else
      select m.key, m.value into key, value from jsonb_each(value) with ordinality m(key, value, ordinality) where m.ordinality = ordinal;
      path := format('%s.%s', path, key);
    end if;
  end loop;
  return path || case problem when 'this key is not allowed' then '.__proto__' else '' end || ': ' || problem;
end $$;
comment on function pulp.value_problem is 'What is wrong with the values inside a payload, or null.';
