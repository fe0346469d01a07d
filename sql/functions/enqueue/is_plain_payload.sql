-- Whether a payload is plainly harmless. Nearly all are; only what might not be is walked through by pulp.value_problem. What is
-- small needs no look at its text or depth: a level takes at least eight bytes, and no byte is written as more than forty characters
-- once numbers are of a size that JavaScript has.
create or replace function pulp.is_plain_payload(payload jsonb) returns boolean
language sql stable parallel safe as $$
  select not jsonb_path_exists(payload, 'strict $.** ? (@ > 9007199254740991 || @ < -9007199254740991
      || (@ < 1e-323 && @ > -1e-323 && @ != 0) || exists (@.__proto__))')
    and (pg_column_size(payload) <= 512
      or not jsonb_path_exists(payload, 'strict $.**{64 to last} ? (@.type() == "array" || @.type() == "object")')
        and (pg_column_size(payload) <= 16384 or octet_length(payload::text) <= 1048576))
$$;
comment on function pulp.is_plain_payload is 'Whether a payload is plainly harmless.';
