-- A worker's turn under load: records how runs ended and starts the next tasks, in one round trip and one commit. Gives
-- the tasks started, and the reports that were left out (of which id alone is set). See finish and start.
create or replace function pulp.finish_and_start(
  worker text, incarnation bigint, items jsonb, queues text[], task_types text[], at_most integer
) returns table (
  left_out boolean, id uuid, name text, args jsonb, kwargs jsonb, attempt integer, fence bigint,
  timeout_seconds double precision, parent_id uuid, correlation_id text
)
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  recorded uuid[] := array(select f.id from pulp.finish(worker, incarnation, items) f);
begin
  if cardinality(recorded) < jsonb_array_length(items) then
    return query
      select true, (i.item ->> 'id')::uuid, null::text, null::jsonb, null::jsonb, null::integer, null::bigint,
        null::double precision, null::uuid, null::text
      from jsonb_array_elements(items) as i(item) where (i.item ->> 'id')::uuid <> all (recorded);
  end if;
  return query select false, s.* from pulp.start(worker, incarnation, queues, task_types, at_most) s;
end $$;
comment on function pulp.finish_and_start is 'Records how runs ended and starts the next tasks.';
