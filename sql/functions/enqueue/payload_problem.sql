-- What is wrong with a payload, with the path of the bad value, or null. jsonb itself has refused NUL characters,
-- lone surrogates and NaN by now; what JavaScript cannot hold is refused here.
create or replace function pulp.payload_problem(payload jsonb, path text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  if pulp.is_plain_payload(payload) then
    return null;
  elsif octet_length(payload::text) > 1048576 then
    return format('%s: is %s bytes long; at most 1048576 are allowed', path, octet_length(payload::text));
  end if;
  return pulp.value_problem(payload, path, 1);
end $$;
comment on function pulp.payload_problem is 'What is wrong with a payload, or null.';
