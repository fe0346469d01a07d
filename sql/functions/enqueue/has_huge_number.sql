-- Whether there is a number anywhere in a document that is beyond those of JavaScript, or closer to zero. Written out, one of ten bytes
-- may have 131,072 digits, so this is asked before anything of a document becomes text.
create or replace function pulp.has_huge_number(document jsonb) returns boolean
language sql immutable parallel safe as $$
  select jsonb_path_exists(document, 'strict $.** ? (@ > 1.7976931348623157e308 || @ < -1.7976931348623157e308
    || (@ < 1e-323 && @ > -1e-323 && @ != 0))')
$$;
comment on function pulp.has_huge_number is 'Whether there is a number in a document that is beyond those of JavaScript.';
