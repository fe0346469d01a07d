-- What is wrong with one value inside a payload or below it, or null.
create or replace function pulp.value_problem(value jsonb, path text, depth integer) returns text
language plpgsql immutable strict parallel safe as $$
declare
  member record;
  problem text;
  number numeric;
begin
  case jsonb_typeof(value)
    when 'number' then
      number := value::text::numeric;
      if abs(number) > 1.7976931348623157e308 then
        return format('%s: is too large for a number of JavaScript; send it as a string', path);
      elsif number = trunc(number) and abs(number) > 9007199254740991 then
        return format('%s: is an integer beyond 2^53 - 1, which JavaScript cannot hold exactly; send it as a string', path);
      end if;
      return null;
    when 'array' then
      if depth > 64 then
        return format('%s: is nested deeper than 64 levels', path);
      end if;
      for member in select m.value, m.ordinality from jsonb_array_elements(value) with ordinality as m(value, ordinality) loop
        problem := pulp.value_problem(member.value, format('%s[%s]', path, member.ordinality - 1), depth + 1);
        if problem is not null then
          return problem;
        end if;
      end loop;
      return null;
    when 'object' then
      if depth > 64 then
        return format('%s: is nested deeper than 64 levels', path);
      end if;
      for member in select m.key, m.value from jsonb_each(value) as m(key, value) loop
        if member.key = '__proto__' then
          return format('%s.__proto__: this key is not allowed', path);
        end if;
        problem := pulp.value_problem(member.value, format('%s.%s', path, member.key), depth + 1);
        if problem is not null then
          return problem;
        end if;
      end loop;
      return null;
    else
      return null;
  end case;
end $$;
comment on function pulp.value_problem is 'What is wrong with one value inside a payload, or null.';
