-- Records what runs report: items with id, attempt, fence, and progress (any value), reports (see pulp.progress_report), created (URL
-- paths), or several of these. Gives a row for each item that is not recorded:
-- id, and the verdict "late" (the run is over, or not this worker's any more: drop it) or "held" (somebody else holds the task
-- locked: report it again later). Neither concerns the other items. Only a worker whose incarnation is over is refused as a
-- whole (PU001).
create or replace function pulp.progress(worker text, incarnation bigint, items jsonb)
returns table (id uuid, verdict text)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  ids uuid[];
  reports jsonb[];
begin
  perform pulp.check_incarnation(progress.worker, progress.incarnation);
  items := pulp.bounded_reports(items);

  select array_agg(t.id), array_agg(r.item) into ids, reports
    from (select (i.item ->> 'id')::uuid as id, i.item from jsonb_array_elements(items) as i(item) offset 0) r
    cross join lateral (
      select x.id from pulp.task x
      where x.id = r.id and pulp.owns_run(progress.worker, x, r.item)
      for no key update skip locked
    ) t;
  if ids is not null then
    perform pulp.record_reports(ids, reports);
  end if;

  if coalesce(cardinality(ids), 0) < jsonb_array_length(items) then
    return query
      select r.id, case
          when exists (select from pulp.task t where t.id = r.id and pulp.owns_run(progress.worker, t, r.item)) then 'held'
          else 'late' end
      from (select (i.item ->> 'id')::uuid as id, i.item from jsonb_array_elements(items) as i(item) offset 0) r
      where r.id <> all (coalesce(ids, '{}'));
  end if;
end $$;
comment on function pulp.progress is 'Records what runs report; gives those that it did not record.';
