-- What is wrong with a payload, with the path of the bad value, or null. jsonb itself has refused NUL characters,
-- lone surrogates and NaN by now; what JavaScript cannot hold is refused here.
create or replace function pulp.payload_problem(payload jsonb, path text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  written text := payload::text;
begin
  if octet_length(written) > 1048576 then
    return format('%s: is %s bytes long; at most 1048576 are allowed', path, octet_length(written));
  end if;
  -- Nearly all payloads are plainly harmless; only what might not be is walked through.
  if strpos(written, '__proto__') = 0
    and strpos(translate(written, '0123456789', '9999999999'), '9999999999999999') = 0
    and length(written) - length(translate(written, '[{', '')) <= 64 then
    return null;
  end if;
  return pulp.value_problem(payload, path, 1);
end $$;
comment on function pulp.payload_problem is 'What is wrong with a payload, or null.';
