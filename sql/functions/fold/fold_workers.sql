-- Workers as the log tells them. Signs of life are kept for a shorter time than the rest: "beats_known" tells how many of the
-- latest two since the birth are there, "all_beats_kept" whether none since the birth can be missing.
create or replace function pulp.fold_workers(only_names text[] default null)
returns table (name text, worker pulp.worker, beats_known bigint, all_beats_kept boolean, refusal text)
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
  -- Leaves are dropped from the oldest on.
  beats_kept_since constant timestamptz := (
    select min(to_date(right(c.relname, 10), 'YYYY_MM_DD'))::timestamp at time zone 'UTC'
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'pulp.event_heartbeat'::regclass);
begin
  return query
    with told as (
      select e.stream_id as name, e as event, false as is_beat
      from pulp.event e
      where e.stream_kind = 'worker' and (fold_workers.only_names is null or e.stream_id = any (fold_workers.only_names))
      union all
      -- What a sign of life says, the next one says anew, in view of the one before: the latest two tell all.
      select b.name, b.event, true
      from (
        select alive.name, e as event, row_number() over (partition by alive.name order by e.position desc) as age
        from pulp.event e cross join lateral jsonb_object_keys(e.data -> 'workers') as alive (name)
        where e.stream_kind = 'heartbeat' and (fold_workers.only_names is null or alive.name = any (fold_workers.only_names))
      ) b
      where b.age <= 2
    )
    select s.name, f.worker,
      (select count(*) from unnest(s.events) as e where e.stream_kind = 'heartbeat' and e.position > (f.worker).incarnation),
      (f.worker).online_at >= beats_kept_since, f.refusal
    from (
      select told.name, array_agg(told.event order by (told.event).position) as events
      from told group by told.name having bool_or(not told.is_beat)
    ) s
    cross join lateral pulp.fold_worker_stream(s.events) f;
end $$;
comment on function pulp.fold_workers is 'Workers as the log tells them.';
