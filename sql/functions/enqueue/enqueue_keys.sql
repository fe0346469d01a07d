-- The keys that an item of an enqueue may have: all, or those of one trait. The only list of them in SQL; src/tasks/enqueue-options.ts
-- is that of TypeScript, and a test compares them. Immutable, so that the planner puts the array in its place.
--   argument  an argument of pulp.enqueue of its own, not one of its options
--   usual     checked by pulp.is_plain_request and in the first part of pulp.item_problem; any other is looked at only where it is given
--   recorded  a fact of TaskEnqueued where it is given, made by pulp.enqueued_options
--   default   may be given by a task type for its tasks
--   single    of one task alone: cannot be given for all occurrences of a schedule
--   internal  not for callers
create or replace function pulp.enqueue_keys(trait text default null) returns text[]
language plpgsql immutable parallel safe as $$
declare
  keys constant text[] := array(
    select k.key from (values
      ('name', array['argument', 'usual']),
      ('args', array['argument', 'usual']),
      ('kwargs', array['argument', 'usual']),
      ('resources', array['argument', 'usual']),
      ('shared_resources', array['argument', 'usual']),
      ('units', array['recorded']),
      ('queue', array['usual', 'default']),
      ('priority', array['default']),
      ('delay', array['recorded']),
      ('at', array['recorded', 'single']),
      ('retries', array['default']),
      ('timeout', array['recorded', 'default']),
      ('group', array['recorded']),
      ('after', array['recorded']),
      ('on', array['recorded']),
      ('finally', array['recorded']),
      ('unique', array['recorded', 'default', 'single']),
      ('requires', array['recorded', 'default']),
      ('correlation_id', '{}'),
      ('id', array['usual', 'single']),
      ('trace_context', array['recorded', 'single']),
      ('unchecked', array['usual']),
      ('parent_id', array['recorded', 'single', 'internal']),
      ('owner', array['usual', 'single', 'internal'])
    ) as k (key, traits)
    where trait is null or trait = any (k.traits));
begin
  if keys = '{}' then
    raise exception 'no key of an enqueue has the trait %', trait;
  end if;
  return keys;
end $$;
comment on function pulp.enqueue_keys is 'The keys that an item of an enqueue may have, all or those of one trait.';
