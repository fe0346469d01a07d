-- Of a list, what another does not hold.
create or replace function pulp.verify_elements(shown jsonb, other jsonb) returns jsonb
language sql immutable as $$
  select coalesce(jsonb_agg(shown_element), '[]')
  from jsonb_array_elements(shown) shown_element
  where not exists (select from jsonb_array_elements(other) other_element where other_element = shown_element)
$$;
comment on function pulp.verify_elements is 'Of a list, what another does not hold.';
