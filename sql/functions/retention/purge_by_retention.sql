-- One short step of a walk through the tasks that are over, as pulp.purge_tasks: purges those that have been kept for as long as they are to
-- be. For the leader. Gives the shortest time that any is kept, in seconds; null: all are kept for
-- ever; and which months are to leave the log, and where to: null: none by themselves.
create or replace function pulp.purge_by_retention(
  batch integer, inout after_enqueued_at timestamptz default null, inout after_id uuid default null,
  out purged bigint, out shortest double precision, out archive jsonb
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off as $$
declare
  now constant timestamptz := clock_timestamp();
  looked_at uuid[];
  times timestamptz[];
  due uuid[];
begin
  perform pulp.check_leader();
  select min((k.value #>> '{}')::double precision) into shortest
    from pulp.retention r cross join lateral jsonb_each(r.keep) k where r.kind <> 'log' and k.value <> '"never"';
  select jsonb_build_object('folder', r.keep -> 'folder', 'before', now - (r.keep ->> 'seconds')::double precision * interval '1 s') into archive
    from pulp.retention r where r.kind = 'log';
  purged := 0;
  if shortest is null then
    after_enqueued_at := null;
    after_id := null;
    return;
  end if;
  select array_agg(s.id), array_agg(s.enqueued_at),
      array_agg(s.id) filter (where s.finished_at < now - pulp.kept_seconds(s.name, s.queue, s.state) * interval '1 s')
    into looked_at, times, due
    from (
      select t.id, t.enqueued_at, t.finished_at, t.name, t.queue, t.state from pulp.task t
      where t.enqueued_at < now - shortest * interval '1 s'
        and t.enqueued_at >= coalesce(after_enqueued_at, '-infinity')
        and (t.enqueued_at, t.id) > (coalesce(after_enqueued_at, '-infinity'), coalesce(after_id, '00000000-0000-0000-0000-000000000000'))
      order by t.enqueued_at, t.id limit batch
    ) s;
  after_enqueued_at := times[batch];
  after_id := looked_at[batch];
  if due is not null then
    purged := pulp.purge_rows(due, now - shortest * interval '1 s', '{completed,failed,canceled,skipped}');
  end if;
end $$;
comment on function pulp.purge_by_retention is 'Purges tasks that have been kept for as long as they are to be, a batch at a time.';
