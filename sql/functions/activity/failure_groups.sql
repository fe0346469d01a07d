-- The failures from one moment to another (null: now), those alike together: of the same code and message, see pulp.error_signature. The latest 20,000 rows
-- of the log are looked at, and 5,000 failures: looked_back_to says how far that reached. It reads by the rights of its caller,
-- for what failed is told by payloads.
create or replace function pulp.failure_groups(since timestamptz, till timestamptz default null, at_most integer default 50)
returns table (
  code text, signature text, failures bigint, names text[], latest_message text, latest_ids uuid[],
  first_at timestamptz, last_at timestamptz, looked_back_to timestamptz
)
language sql stable set jit = off set enable_seqscan = off set enable_bitmapscan = off as $$
  with looked as materialized (
    select b as batch
    from (select pulp.tx_bounds(since, coalesce(till, clock_timestamp()), 1) as txs offset 0) bound
    cross join pulp.event_batch b
    where b.tx >= bound.txs[1] and b.tx < bound.txs[2] and b.recorded_at >= since
    order by b.tx desc, b.first desc limit 20000
  ),
  failed as materialized (
    select e.stream_id::uuid as id, e.recorded_at, e.position, e.data #>> '{error,code}' as code,
      coalesce(e.data #>> '{error,message}', e.data ->> 'error', '') as message
    from looked l cross join lateral pulp.batch_events(l.batch) e
    where (l.batch).type = 'TaskFailed'
    limit 5000
  ),
  reach as (
    select case
      when (select count(*) from failed) = 5000 then (select min(f.recorded_at) from failed f)
      when (select count(*) from looked) = 20000 then (select min((l.batch).recorded_at) from looked l)
      else since end as looked_back_to
  )
  select coalesce(f.code, 'UNKNOWN'), pulp.error_signature(f.message), count(*), (array_agg(distinct t.name) filter (where t.name is not null))[:5],
    (array_agg(f.message order by f.position desc))[1], (array_agg(f.id order by f.position desc))[:3],
    min(f.recorded_at), max(f.recorded_at), (select r.looked_back_to from reach r)
  from failed f
  left join lateral (select x.name from pulp.task x where x.id = f.id offset 0) t on true
  group by 1, 2
  order by count(*) desc, max(f.recorded_at) desc limit at_most
$$;
comment on function pulp.failure_groups is 'The failures of a period, those alike together.';
