-- The resources that cost the most waiting over a period that ends now, or (if it is given) one resource. A claim waits for
-- a resource as long as an older claim that conflicts with it stands there: what it then stands in line for another
-- resource, or for the resource manager, this one did not cost. Times are seconds that fell into the period, but
-- longest_wait tells of a wait in full. held counts each holder, so that sharers add up; busy is the share of the period
-- during which anybody held. Of those who hold now, and of those who held most, three are named. Sorted by waiting, queue
-- (who stands in line now) or held.
create or replace function pulp.resource_contention(
  period interval default '1 hour', at_most integer default 20, sort text default 'waiting', of_resource text default null
)
returns table (
  resource text, waits bigint, waiting double precision, longest_wait double precision, holds bigint, held double precision,
  busy double precision, exclusive_in_line bigint, shared_in_line bigint, holders bigint, held_by jsonb, held_most_by jsonb
)
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set work_mem = '64MB' as $$
#variable_conflict use_column
declare
  ends constant timestamptz := clock_timestamp();
  begins constant timestamptz := pulp.period_begin(period, ends);
begin
  perform pulp.check_sees_all();
  if (at_most > 0 and sort in ('waiting', 'queue', 'held')) is not true then
    raise exception 'cannot tell of % resources sorted by %', coalesce(at_most::text, 'null'), coalesce(sort, 'null')
      using errcode = 'PU004', hint = 'Give a number of resources, and one of the words waiting, queue, held.';
  end if;
  return query
  with life as materialized (
    select w.*, w.blocked_until - greatest(w.requested_at, begins) as waited, w.blocked_until - w.requested_at as waited_in_full,
      case when w.granted_at is not null then coalesce(w.ended_at, ends) - greatest(w.granted_at, begins) end as had,
      w.granted_at is null and w.ended_at is null as in_line
    from pulp.claim_waits(begins, ends, of_resource) w
  ),
  hottest as materialized (
    select l.resource, count(l.waited) as waits, sum(l.waited) as waiting, max(l.waited_in_full) as longest_wait,
      count(l.had) as holds, sum(l.had) as held,
      count(*) filter (where l.in_line and l.mode = 'exclusive') as exclusive_in_line,
      count(*) filter (where l.in_line and l.mode = 'shared') as shared_in_line,
      count(*) filter (where l.ended_at is null and not l.in_line) as holders
    from life l
    group by l.resource
    order by case sort when 'queue' then count(*) filter (where l.in_line) * interval '1 s' when 'held' then sum(l.had) end
        desc nulls last,
      sum(l.waited) desc nulls last, l.resource
    limit at_most
  ),
  holder as (
    select l.*, row_number() over (partition by l.resource order by l.had desc, l.task_id) as ordinal
    from life l
    where l.had is not null and l.resource = any (array(select resource from hottest))
  ),
  held as materialized (
    select h.resource,
      range_agg(tstzrange(greatest(h.granted_at, begins), coalesce(h.ended_at, ends))) filter (where h.had > interval '0') as times,
      jsonb_agg(jsonb_build_object(
          'id', h.task_id, 'name', h.name, 'worker', h.worker, 'mode', h.mode, 'since', h.granted_at, 'until', h.ended_at,
          'seconds', extract(epoch from h.had)) order by h.ordinal) filter (where h.ordinal <= 3) as longest
    from holder h
    group by h.resource
  )
  select h.resource, h.waits, coalesce(extract(epoch from h.waiting), 0)::double precision,
    coalesce(extract(epoch from h.longest_wait), 0)::double precision,
    h.holds, coalesce(extract(epoch from h.held), 0)::double precision,
    coalesce(
      (select extract(epoch from sum(upper(t) - lower(t))) from unnest(held.times) as t) / extract(epoch from ends - begins), 0
    )::double precision,
    h.exclusive_in_line, h.shared_in_line, h.holders,
    (
      select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'mode', g.mode, 'since', g.granted_at,
          'worker', case when t.state <> 'waiting' then coalesce(t.worker, t.hold ->> 'actor') end) order by g.granted_at, t.id), '[]')
      from (
        select x.task_id, x.mode, x.granted_at from pulp.reservation_granted x
        where x.resource = h.resource order by x.granted_at, x.task_id limit 3
      ) g
      cross join lateral pulp.claimant(g.task_id) t
    ),
    coalesce(held.longest, '[]')
  from hottest h left join held on held.resource = h.resource;
end $$;
comment on function pulp.resource_contention is 'The resources that cost the most waiting over a period that ends now.';
