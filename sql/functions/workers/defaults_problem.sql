-- What is wrong with what a type says of its tasks, or null: it is said as when a task is enqueued, beside how they are tried again.
create or replace function pulp.defaults_problem(defaults jsonb) returns text
language plpgsql stable as $$
declare
  backoff constant jsonb := defaults -> 'backoff';
  key text;
begin
  if coalesce(defaults, 'null') = 'null' then
    return null;
  elsif jsonb_typeof(defaults) <> 'object' or defaults - pulp.enqueue_keys('default') - 'backoff' <> '{}' then
    return format('must be an object of %s and backoff', array_to_string(pulp.enqueue_keys('default'), ', '));
  elsif backoff is not null and (jsonb_typeof(backoff) <> 'object' or backoff - array['first', 'factor', 'max', 'jitter'] <> '{}') then
    return 'backoff: must be an object of first, factor, max and jitter';
  end if;
  foreach key in array array['first', 'factor', 'max', 'jitter'] loop
    if backoff ? key and (jsonb_typeof(backoff -> key) <> 'number' or (backoff ->> key)::numeric not between
      case key when 'factor' then 1 else 0 end and case key when 'jitter' then 1 when 'factor' then 1000 else 3155760000 end) then
      return format('backoff.%s: is not a number that is allowed', key);
    end if;
  end loop;
  return pulp.item_problem(defaults - 'backoff' || '{"name": "t"}');
end $$;
comment on function pulp.defaults_problem is 'What is wrong with what a type says of its tasks, or null.';
