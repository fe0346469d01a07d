-- What is in a leaf of tasks, in numbers: an archive of it has to agree. Times are texts in UTC, exact; the digest is the same
-- as long as no event differs.
create or replace function pulp.leaf_content(leaf text) returns jsonb
language plpgsql stable set jit = off set timezone = 'UTC' as $$
declare
  content jsonb;
begin
  execute format(
    'select jsonb_build_object(''events'', count(*), ''streams'', count(distinct stream_id),
       ''first_position'', min(position), ''last_position'', max(position),
       ''first_recorded_at'', min(recorded_at), ''last_recorded_at'', max(recorded_at),
       ''digest'', coalesce(sum(hashtextextended(row_to_json(e)::text, 0)), 0)::text) from pulp.%I e', leaf) into content;
  return content;
end $$;
comment on function pulp.leaf_content is 'What is in a leaf of tasks, in numbers.';
