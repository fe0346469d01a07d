-- Events of one type as they stand in the log, one to each of these tasks' streams, with positions from pulp.new_positions. "facts" is what
-- each says beside "common"; null if there is nothing. What all have in common is written once, and a task's own id not again as
-- what its event correlates to. They make one row, or several where positions are left out, a new block begins, or facts are more than
-- Postgres stores in one.
create or replace function pulp.event_batches(
  type text, positions bigint[], ids uuid[], versions integer[], facts jsonb[], correlation_ids text[], causation_ids uuid[],
  tx xid8, recorded_at timestamptz, common jsonb default '{}'
) returns pulp.event_batch[]
language plpgsql stable as $$
declare
  size constant integer := cardinality(ids);
  fitting integer := size;
  are_alike constant boolean := coalesce(facts[1] = all (facts), true);
  others text[];
begin
  if positions[size] <> positions[1] + size - 1 or positions[size] / pulp.block_size() <> positions[1] / pulp.block_size() then
    fitting := (
      select min(place) from generate_series(1, size - 1) as place
      where positions[place + 1] <> positions[place] + 1 or positions[place + 1] % pulp.block_size() = 0);
  elsif size > 1 and pg_column_size(facts) > 64 * 1024 * 1024 then
    fitting := size / 2;
  end if;
  if fitting < size then
    return pulp.event_batches(type, positions[:fitting], ids[:fitting], versions[:fitting], facts[:fitting],
        correlation_ids[:fitting], causation_ids[:fitting], tx, recorded_at, common)
      || pulp.event_batches(type, positions[fitting + 1:], ids[fitting + 1:], versions[fitting + 1:], facts[fitting + 1:],
        correlation_ids[fitting + 1:], causation_ids[fitting + 1:], tx, recorded_at, common);
  end if;

  if correlation_ids is distinct from ids::text[] then
    others := array(
      select nullif(c.correlation_id, c.id::text) from unnest(correlation_ids, ids) with ordinality as c(correlation_id, id, ordinality)
      order by c.ordinality);
  end if;
  return array[row( -- in the physical order of its columns
    positions[1], tx, recorded_at, size, case when versions[1] = all (versions) then versions[1] end, 1, type, pulp.actor(),
    case when are_alike then common || coalesce(facts[1], '{}') else common end, ids,
    case when versions[1] <> any (versions) then versions end, case when not are_alike then to_jsonb(facts) end,
    nullif(others, array_fill(null::text, array[size])), nullif(causation_ids, array_fill(null::uuid, array[size])), session_user
  )::pulp.event_batch];
end $$;
comment on function pulp.event_batches is 'Events of one type as they stand in the log, one to each of these tasks'' streams.';
