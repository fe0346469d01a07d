-- How far subscriptions are behind: how many events there are that they have not looked at, counted up to so many ("more": there are more),
-- and how old the first of them is, in seconds. Of the kinds that they get, whether they want them or not. What is not decided yet does not count.
create or replace function pulp.subscription_lag(subscription text default null, most integer default 10000)
returns table (name text, events bigint, more boolean, seconds double precision)
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
  horizon constant xid8 := pulp.log_horizon();
  known pulp.subscription;
  after record;
begin
  perform pulp.check_sees_all();
  for known in select * from pulp.subscription s where s.name = subscription or subscription is null order by s.name loop
    begin
      after := pulp.read_cursor(known.cursor, horizon);
    exception when sqlstate 'PU004' or sqlstate 'PU013' then
      continue; -- its reader is told
    end;
    return query
      select known.name, least(coalesce(sum(l.number), 0), most)::bigint, coalesce(sum(l.number), 0) > most,
        greatest(extract(epoch from clock_timestamp() - min(l.recorded_at)), 0)::double precision
      from (
        (select greatest(least(b.size, b.first + b.size - 1 - after.position), 0) as number, b.recorded_at from pulp.event_batch b
          where 'task' = any (known.kinds) and (b.tx, b.first) > (after.tx, after.position - pulp.block_size())
            and (b.tx > after.tx or b.first + b.size - 1 > after.position) and b.tx < horizon
          order by b.tx, b.first limit most)
        union all
        (select 1, s.recorded_at from pulp.event_single s
          where s.stream_kind = any (known.kinds) and (s.tx, s.position) > (after.tx, after.position) and s.tx < horizon
          order by s.tx, s.position limit most + 1)
      ) l;
  end loop;
end $$;
comment on function pulp.subscription_lag is 'How far subscriptions are behind.';
