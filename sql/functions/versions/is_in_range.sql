-- Whether a version is in a range: alternatives with || between them, of conditions with spaces or commas between them, each of >=, >, <=, <, =, !=, ^ (up to the next
-- version that may break something), ~ (of which the first two parts stay) and a version; a version alone, or with .x, is any that begins so; * is any.
create or replace function pulp.is_in_range(version text, range text) returns boolean
language plpgsql immutable parallel safe as $$
declare
  key constant numeric[] := pulp.version_key(version);
  alternative text;
  condition text[];
  written text;
  parts integer;
  bound numeric[];
  place integer;
  is_met boolean;
begin
  if key is null then
    return false;
  end if;
  foreach alternative in array string_to_array(range, '||') loop
    is_met := true;
    for condition in select c from regexp_matches(alternative, '([<>=!~^]*)[[:space:]]*([^[:space:],<>=!~^]+)', 'g') c loop
      written := regexp_replace(condition[2], '([.][x*])+$', '');
      continue when written in ('*', 'x');
      bound := pulp.version_key(written);
      parts := cardinality(string_to_array(substring(written from '^v?([0-9.]*[0-9])'), '.'));
      place := coalesce(array_position(array(select n <> 0 from unnest(bound[:parts]) n), true), parts); -- the first that counts
      is_met := is_met and coalesce(case condition[1]
        when '>=' then key >= bound
        when '>' then key > bound
        when '<=' then key <= bound
        when '<' then key < bound
        when '!=' then key <> bound
        when '=' then key = bound
        when '==' then key = bound
        when '' then case when bound[7:8] = '{0,0}' then key[:parts] = bound[:parts] and key[7] >= 0 else key = bound end
        when '^' then key >= bound and key[:place] <= bound[:place]
        when '~' then key >= bound and key[:least(parts, 2)] <= bound[:least(parts, 2)]
        end, false);
    end loop;
    if is_met then
      return true;
    end if;
  end loop;
  return false;
end $$;
comment on function pulp.is_in_range is 'Whether a version is in a range.';
