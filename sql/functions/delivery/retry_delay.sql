-- How long a task waits after its n-th failed attempt: 1 s, doubled each time, an hour at most.
create or replace function pulp.retry_delay(attempt integer) returns interval
language sql immutable parallel safe as $$
  select least(2 ^ least(attempt - 1, 12), 3600) * interval '1 s'
$$;
comment on function pulp.retry_delay is 'How long a task waits after its n-th failed attempt.';
