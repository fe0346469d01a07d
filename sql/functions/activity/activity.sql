-- What happened to tasks in a period, in buckets of equal length: how many were enqueued, started and came to each end, and how long
-- those that ended had waited until their latest start and run. A bucket is eight stretches of transactions (see tx_bounds), so that only
-- the log's own index is read. At most 100,000 rows of the log are looked at, of each stretch as many, the first ones: where there are
-- more, what is counted in them is taken for the whole of the stretch (is_sampled). Times are of one task a row, of 20 rows of a bucket
-- at most. So it costs the same however much happened. Tasks that were purged have no times. What single events tell (see
-- docs/log.md) is not counted.
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
  most_rows constant integer := 100000;
  rows_with_times constant integer := 20;
  stretches constant integer := 8;
  rows_of_stretch constant integer := most_rows / stretches / greatest(buckets, 1);
  until constant timestamptz := coalesce(till, clock_timestamp());
begin
  perform pulp.check_sees_all();
  if (since < until and buckets between 1 and 200) is not true then
    raise exception 'cannot tell of % buckets of the time from % to %', coalesce(buckets::text, 'null'), coalesce(since::text, 'null'), until
      using errcode = 'PU004', hint = 'Give a time before now, and up to 200 buckets.';
  end if;
  return query
  with bucket as materialized (
    select n, since + (until - since) / buckets * (n - 1) as begins, since + (until - since) / buckets * n as ends,
      bound.txs[n]::text::bigint as from_tx, bound.txs[n + 1]::text::bigint as to_tx
    from (select pulp.tx_bounds(since, until, buckets) as txs offset 0) bound
    cross join generate_series(1, buckets) as n
  ),
  stretch as (
    select b.n, part, b.from_tx + (b.to_tx - b.from_tx) * (part - 1) / stretches as from_tx,
      b.from_tx + (b.to_tx - b.from_tx) * part / stretches as to_tx
    from bucket b cross join generate_series(1, stretches) as part
  ),
  seen as materialized (
    select s.n, s.part, s.from_tx, s.to_tx, e.*
    from stretch s
    cross join lateral (
      select x.type, x.size, x.tx::text::bigint as tx, x.ids[1] as id, row_number() over (order by x.tx, x.first) as ordinal
      from pulp.event_batch x
      where x.tx >= s.from_tx::text::xid8 and x.tx < s.to_tx::text::xid8 and x.recorded_at >= since - interval '1 hour'
      order by x.tx, x.first limit rows_of_stretch
    ) e
  ),
  weighed as (
    select s.n, s.part, count(*) = rows_of_stretch as is_full,
      case when count(*) = rows_of_stretch then (s.to_tx - s.from_tx)::double precision / (max(s.tx) + 1 - s.from_tx) else 1 end as weight,
      coalesce(sum(s.size) filter (where s.type = 'TaskEnqueued'), 0) as enqueued,
      coalesce(sum(s.size) filter (where s.type = 'TaskStarted'), 0) as started,
      coalesce(sum(s.size) filter (where s.type = 'TaskCompleted'), 0) as completed,
      coalesce(sum(s.size) filter (where s.type = 'TaskFailed'), 0) as failed,
      coalesce(sum(s.size) filter (where s.type = 'TaskCanceled'), 0) as canceled
    from seen s group by s.n, s.part, s.from_tx, s.to_tx
  ),
  told as (
    select w.n, bool_or(w.is_full and w.weight > 1) as is_sampled, sum(w.enqueued * w.weight) as enqueued,
      sum(w.started * w.weight) as started, sum(w.completed * w.weight) as completed, sum(w.failed * w.weight) as failed,
      sum(w.canceled * w.weight) as canceled
    from weighed w group by w.n
  ),
  times as (
    select e.n,
      percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from t.started_at - t.enqueued_at)::double precision) as waited,
      percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from t.finished_at - t.started_at)::double precision) as ran
    from (
      select s.n, s.id, row_number() over (partition by s.n order by s.ordinal, s.part) as place
      from seen s where s.type in ('TaskCompleted', 'TaskFailed')
    ) e
    join pulp.task t on t.id = e.id
    where e.place <= rows_with_times and t.started_at is not null and t.finished_at is not null
    group by e.n
  )
  select b.begins, b.ends, coalesce(t.enqueued, 0), coalesce(t.started, 0), coalesce(t.completed, 0), coalesce(t.failed, 0),
    coalesce(t.canceled, 0), coalesce(t.is_sampled, false), x.waited[1], x.waited[2], x.ran[1], x.ran[2]
  from bucket b
  left join told t on t.n = b.n
  left join times x on x.n = b.n
  order by b.n;
end $$;
comment on function pulp.activity is 'What happened to tasks in a period, in buckets: how many came and ended, and how long they waited and ran.';
