-- Whether a payload is plainly harmless. Nearly all are; only what might not be is walked through by pulp.value_problem.
create or replace function pulp.is_plain_payload(payload jsonb) returns boolean
language plpgsql immutable parallel safe as $$
declare
  written constant text := payload::text;
begin
  return octet_length(written) <= 1048576 and strpos(written, '__proto__') = 0
    and strpos(translate(written, '0123456789', '9999999999'), '9999999999999999') = 0
    and octet_length(written) - octet_length(translate(written, '[{', '')) <= 64;
end $$;
comment on function pulp.is_plain_payload is 'Whether a payload is plainly harmless.';
