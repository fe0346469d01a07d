-- What happened to tasks in a period, in buckets of equal length: how many were enqueued, started and came to each end, and how long
-- those that ended had waited until their latest start and run. A bucket is a stretch of transactions, found by halving, so that
-- only the log's own index is read. At most 100,000 rows of the log are looked at, of each bucket as many, the first ones: where there are more, what is
-- counted in them is taken for the whole of the bucket (is_sampled). Times are of one task a row, of 20 rows at most. So it
-- costs the same however much happened. Tasks that were purged have no times. What single events tell (see docs/log.md) is not counted.
create or replace function pulp.activity(since timestamptz, till timestamptz default null, buckets integer default 60)
returns table (
  begins timestamptz, ends timestamptz, enqueued double precision, started double precision, completed double precision,
  failed double precision, canceled double precision, is_sampled boolean,
  waited_median double precision, waited_p95 double precision, ran_median double precision, ran_p95 double precision
)
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
  rows_of_bucket constant integer := 100000 / greatest(buckets, 1);
  rows_with_times constant integer := 20;
  until constant timestamptz := coalesce(till, clock_timestamp());
begin
  perform pulp.check_sees_all();
  if (since < until and buckets between 1 and 200) is not true then
    raise exception 'cannot tell of % stretches of the time from % to %', coalesce(buckets::text, 'null'), coalesce(since::text, 'null'), until
      using errcode = 'PU004', hint = 'Give a time before now, and up to 200 stretches.';
  end if;
  return query
  with bound as materialized (
    select n, b.moment, pulp.tx_since(b.moment, pg_snapshot_xmax(pg_current_snapshot())) as tx
    from generate_series(0, buckets) as n
    cross join lateral (select since + (until - since) / buckets * n as moment) b
  ),
  bucket as (
    select b.n, b.moment as begins, next.moment as ends, b.tx as from_tx, next.tx as to_tx
    from bound b join bound next on next.n = b.n + 1
  ),
  seen as materialized (
    select b.n, e.*
    from bucket b
    cross join lateral (
      select x.type, x.size, x.recorded_at, x.ids[1] as id, row_number() over (order by x.tx, x.first) as ordinal
      from pulp.event_batch x
      where x.tx >= b.from_tx and x.tx < b.to_tx and x.recorded_at >= since - interval '1 hour'
      order by x.tx, x.first limit rows_of_bucket
    ) e
  ),
  told as (
    select s.n, max(s.ordinal) = rows_of_bucket as is_full, max(s.recorded_at) as reached,
      coalesce(sum(s.size) filter (where s.type = 'TaskEnqueued'), 0) as enqueued,
      coalesce(sum(s.size) filter (where s.type = 'TaskStarted'), 0) as started,
      coalesce(sum(s.size) filter (where s.type = 'TaskCompleted'), 0) as completed,
      coalesce(sum(s.size) filter (where s.type = 'TaskFailed'), 0) as failed,
      coalesce(sum(s.size) filter (where s.type = 'TaskCanceled'), 0) as canceled
    from seen s group by s.n
  ),
  times as (
    select e.n,
      percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from t.started_at - t.enqueued_at)::double precision) as waited,
      percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from t.finished_at - t.started_at)::double precision) as ran
    from (
      select s.n, s.id, row_number() over (partition by s.n order by s.ordinal) as place
      from seen s where s.type in ('TaskCompleted', 'TaskFailed')
    ) e
    join pulp.task t on t.id = e.id
    where e.place <= rows_with_times and t.started_at is not null and t.finished_at is not null
    group by e.n
  )
  select b.begins, b.ends, coalesce(t.enqueued, 0) * w.factor, coalesce(t.started, 0) * w.factor, coalesce(t.completed, 0) * w.factor,
    coalesce(t.failed, 0) * w.factor, coalesce(t.canceled, 0) * w.factor, coalesce(t.is_full, false),
    x.waited[1], x.waited[2], x.ran[1], x.ran[2]
  from bucket b
  left join told t on t.n = b.n
  left join times x on x.n = b.n
  cross join lateral (
    select case when t.is_full
      then greatest(1, extract(epoch from b.ends - b.begins) / greatest(0.001, extract(epoch from t.reached - b.begins))) else 1 end::double precision as factor
  ) w
  order by b.n;
end $$;
comment on function pulp.activity is 'What happened to tasks in a period, in buckets: how many came and ended, and how long they waited and ran.';
