-- What a message says without what differs from one time to the next: ids, numbers, what stands in quotes.
create or replace function pulp.error_signature(message text) returns text
language sql immutable parallel safe as $$
  select left(
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(left(message, 2000),
      '[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}', '‹id›', 'g'),
      '''[^'']*''|"[^"]*"', '‹text›', 'g'),
      $re$\m(0x)?(?=[0-9a-fA-F]*[0-9])[0-9a-fA-F]{8,}\M$re$, '‹hex›', 'g'),
      $re$\d+(\.\d+)?$re$, '‹n›', 'g'),
    300)
$$;
comment on function pulp.error_signature is 'What a message says without ids, numbers and quoted texts.';
