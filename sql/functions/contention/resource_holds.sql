-- Who held a resource during a period that ends now, the latest first, and who waited for each of them: claims that came
-- into line behind it and conflict with it. Seconds are told in full, also of what began before the period. The first three
-- in line are named.
create or replace function pulp.resource_holds(resource text, period interval default '1 hour', at_most integer default 20)
returns table (
  task_id uuid, name text, worker text, mode text, granted_at timestamptz, ended_at timestamptz, seconds double precision,
  waits bigint, waiting double precision, waited_for_by jsonb
)
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set work_mem = '64MB' as $$
#variable_conflict use_column
declare
  ends constant timestamptz := clock_timestamp();
begin
  perform pulp.check_sees_all();
  return query
  with life as materialized (
    select w.* from pulp.claim_waits(pulp.period_begin(period, ends), ends, resource_holds.resource) w
  ),
  holder as materialized (
    select l.*, coalesce(l.ended_at, ends) as until, row_number() over () as number from life l
    where l.granted_at is not null
    order by l.granted_at desc, l.position desc limit at_most
  ),
  wait as (
    select h.number as behind, l.task_id, l.name, l.mode,
      least(l.blocked_until, h.until) - greatest(l.requested_at, h.granted_at) as waited,
      row_number() over (partition by h.number order by l.position) as ordinal
    from holder h
    join life l on l.position > h.position
      and ('exclusive' in (l.mode, h.mode) or exists (select from pulp.resource_limit x where x.resource = resource_holds.resource))
      and l.requested_at < h.until and l.blocked_until > h.granted_at
  ),
  told as (
    select w.behind, count(*) as waits, sum(w.waited) as waiting,
      jsonb_agg(jsonb_build_object('id', w.task_id, 'name', w.name, 'mode', w.mode, 'seconds', extract(epoch from w.waited))
        order by w.ordinal) filter (where w.ordinal <= 3) as first
    from wait w
    group by w.behind
  )
  select h.task_id, h.name, h.worker, h.mode, h.granted_at, h.ended_at,
    extract(epoch from h.until - h.granted_at)::double precision, coalesce(t.waits, 0),
    coalesce(extract(epoch from t.waiting), 0)::double precision, coalesce(t.first, '[]')
  from holder h left join told t on t.behind = h.number
  order by h.granted_at desc, h.position desc;
end $$;
comment on function pulp.resource_holds is 'Who held a resource during a period that ends now, and who waited for them.';
