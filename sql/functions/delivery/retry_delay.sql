-- How long a task of a type waits after its n-th failed attempt: as the type's backoff says, first times factor to the power of the
-- attempts before, max at most (in seconds), less a random part of it up to jitter (0 to 1). Default: 1 s, doubled each time, an hour at most.
create or replace function pulp.retry_delay(attempt integer, task_type text default null) returns interval
language sql volatile as $$
  select least(b.first * b.factor ^ least(attempt - 1, 64), b.most) * (1 - b.jitter * random()) * interval '1 s'
  from (
    select coalesce((t.backoff ->> 'first')::float8, 1) as first, coalesce((t.backoff ->> 'factor')::float8, 2) as factor,
      coalesce((t.backoff ->> 'max')::float8, 3600) as most, coalesce((t.backoff ->> 'jitter')::float8, 0) as jitter
    from (select (select x.defaults -> 'backoff' from pulp.task_type x where x.name = retry_delay.task_type) as backoff) t
  ) b
$$;
comment on function pulp.retry_delay is 'How long a task waits after its n-th failed attempt.';
