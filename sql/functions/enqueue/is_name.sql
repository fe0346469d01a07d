-- Whether a text may name a task type, a queue or a worker: a letter, then letters, digits and _.:@-, 128 in all. The
-- length is not part of the pattern: a bounded repetition costs ten times as much.
create or replace function pulp.is_name(candidate text) returns boolean
language sql immutable parallel safe as $$
  select length(candidate) <= 128 and candidate ~ '^[A-Za-z][A-Za-z0-9_.:@-]*$'
$$;
comment on function pulp.is_name is 'Whether a text may name a task type, a queue or a worker.';
