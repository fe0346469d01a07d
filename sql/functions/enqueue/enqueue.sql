-- Enqueues one task in the caller's transaction and gives its id. Options are an object with the keys of pulp.enqueue_keys that are
-- no arguments here.
create or replace function pulp.enqueue(
  name text, args jsonb default '[]', kwargs jsonb default '{}', resources text[] default '{}',
  shared_resources text[] default '{}', options jsonb default '{}'
) returns uuid
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  if jsonb_typeof(options) is distinct from 'object' then
    raise exception 'options: must be an object' using errcode = 'PU004', hint = 'Correct this value; nothing was enqueued.';
  end if;
  if options ?| pulp.enqueue_keys('argument') then
    raise exception 'options: % are arguments of their own', array_to_string(pulp.enqueue_keys('argument'), ', ') using errcode = 'PU004',
      hint = 'Give them as such; nothing was enqueued.';
  end if;
  return (pulp.enqueue_columns(options || jsonb_build_object(
    'name', name, 'args', args, 'kwargs', kwargs, 'resources', resources, 'shared_resources', shared_resources)))[1];
end $$;
comment on function pulp.enqueue is 'Enqueues one task in the caller''s transaction; gives its id.';
