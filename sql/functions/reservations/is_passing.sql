-- Whether an error says only that somebody else was in the way, which may be over at any moment.
create or replace function pulp.is_passing(code text) returns boolean
language sql immutable parallel safe as $$
  select code in ('55P03', '40P01', '40001')
$$;
comment on function pulp.is_passing is 'Whether an error says only that somebody else was in the way.';
