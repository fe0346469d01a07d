-- A place of secrets as people write it: kwargs.token, args.1, kwargs.keys.* for each of them.
create or replace function pulp.secret_place(steps jsonb) returns text
language sql immutable parallel safe as $$
  select string_agg(case step when 'true' then '*' else step end, '.' order by o)
  from jsonb_array_elements_text(steps) with ordinality as s(step, o)
$$;
comment on function pulp.secret_place is 'A place of secrets as people write it.';
