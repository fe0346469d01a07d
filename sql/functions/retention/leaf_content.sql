-- What is in a leaf of tasks, in numbers: an archive of it has to agree. Times are texts in UTC, exact; the digest is the same
-- as long as no event differs.
create or replace function pulp.leaf_content(leaf text) returns jsonb
language sql stable set jit = off set timezone = 'UTC' as $$
  select jsonb_build_object('events', count(*), 'streams', count(distinct e.stream_id),
    'first_position', min(e.position), 'last_position', max(e.position),
    'first_recorded_at', min(e.recorded_at), 'last_recorded_at', max(e.recorded_at),
    'digest', coalesce(sum(hashtextextended(row_to_json(e)::text, 0)), 0)::text)
  from pulp.leaf_events(leaf) e
$$;
comment on function pulp.leaf_content is 'What is in a leaf of tasks, in numbers.';
