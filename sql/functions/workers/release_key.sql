-- The name of a release as a text that sorts as it is meant: each number in it is filled up to 32 digits.
create or replace function pulp.release_key(release text) returns text
language sql immutable strict parallel safe as $$
  select string_agg(
    case when part[1] ~ '^[0-9]' then lpad(part[1], greatest(32, length(part[1])), '0') else part[1] end, '' order by o)
  from regexp_matches(release, '[0-9]+|[^0-9]+', 'g') with ordinality as m(part, o)
$$;
comment on function pulp.release_key is 'The name of a release as a text that sorts as it is meant.';
