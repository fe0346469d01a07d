-- The waiting claims of a limited resource that may be granted as far as it goes.
create or replace function pulp.admitted(known pulp.resource_limit) returns setof pulp.reservation_waiting
language plpgsql stable as $$
begin
  return query select * from pulp.front_of_line(known, pulp.units_free(known), pulp.grants_left(known));
end $$;
comment on function pulp.admitted is 'The waiting claims of a limited resource that may be granted as far as it goes.';
