-- Of a row, the columns that another has otherwise; all if there is no other.
create or replace function pulp.verify_columns(shown jsonb, other jsonb) returns jsonb
language sql immutable as $$
  select case when other is null then shown else (
    select jsonb_object_agg(c.key, c.value) from jsonb_each(shown) c where c.value is distinct from other -> c.key) end
$$;
comment on function pulp.verify_columns is 'Of a row, the columns that another has otherwise.';
