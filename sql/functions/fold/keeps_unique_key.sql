-- Whether a task that comes into this state at this time still holds its unique key: as long as it asked for, by its state or by the
-- clock, whichever is longer.
create or replace function pulp.keeps_unique_key(options jsonb, state text, at timestamptz) returns boolean
language sql immutable parallel safe as $$
  select case options #>> '{unique,while}'
      when 'unfinished' then state in ('waiting', 'running', 'canceling')
      when 'waiting' then state = 'waiting'
      else false end
    or coalesce(at < pulp.recorded_time(options -> 'unique_until'), false)
$$;
comment on function pulp.keeps_unique_key is 'Whether a task that comes into this state at this time still holds its unique key.';
