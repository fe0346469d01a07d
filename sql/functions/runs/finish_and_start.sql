-- A worker's turn under load: records how runs ended and starts the next tasks, in one round trip and one commit. See finish
-- and start. Gives two kinds of rows, told apart by "verdict":
--   null    a task that was started, with all columns of start
--   held    an item that was not recorded, for somebody else holds its task locked: report it again later
--   fenced  an item that was not recorded, for its run is not this worker's any more: give it up
-- Of the latter two, id alone is set. Every item that has no row was recorded.
create or replace function pulp.finish_and_start(
  worker text, incarnation bigint, items jsonb, queues text[], task_types text[], at_most integer
) returns table (
  verdict text, id uuid, name text, args jsonb, kwargs jsonb, attempt integer, fence bigint,
  timeout_seconds double precision, parent_id uuid, correlation_id text, interruptions integer
)
language plpgsql security definer set search_path = pulp, pg_temp as $$
#variable_conflict use_column
declare
  recorded uuid[];
  fenced uuid[];
begin
  select coalesce(array_agg(f.id) filter (where f.state <> 'fenced'), '{}'), array_agg(f.id) filter (where f.state = 'fenced')
    into recorded, fenced
    from pulp.finish(finish_and_start.worker, finish_and_start.incarnation, finish_and_start.items) f;
  if cardinality(recorded) < jsonb_array_length(items) then
    return query
      select case when r.id = any (fenced) then 'fenced' else 'held' end, r.id, null::text, null::jsonb, null::jsonb,
        null::integer, null::bigint, null::double precision, null::uuid, null::text, null::integer
      from (select (i.item ->> 'id')::uuid as id from jsonb_array_elements(items) as i(item)) r
      where r.id <> all (recorded);
  end if;
  return query
    select null::text, s.*
    from pulp.start(
      finish_and_start.worker, finish_and_start.incarnation, finish_and_start.queues, finish_and_start.task_types,
      finish_and_start.at_most) s;
end $$;
comment on function pulp.finish_and_start is 'Records how runs ended and starts the next tasks.';
