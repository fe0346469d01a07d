-- What is wrong with a payload, with the path of the bad value, or null. jsonb itself has refused NUL characters,
-- lone surrogates and NaN by now; what JavaScript cannot hold is refused here.
create or replace function pulp.payload_problem(payload jsonb, path text) returns text
language plpgsql stable strict parallel safe as $$
declare
  size integer;
begin
  if pulp.is_plain_payload(payload) then
    return null;
  elsif not pulp.has_huge_number(payload) then
    size := octet_length(payload::text);
  end if;
  return case when size > 1048576 then format('%s: is %s bytes long; at most 1048576 are allowed', path, size)
    else pulp.value_problem(payload, path) end;
end $$;
comment on function pulp.payload_problem is 'What is wrong with a payload, or null.';
