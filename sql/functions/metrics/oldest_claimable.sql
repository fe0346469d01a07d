-- Since when the longest waiting task of each of our queues could have been started. One probe of the index of delivery for each priority
-- in use: the cost does not grow with the jobs that wait. Which types they are of, no index tells.
create or replace function pulp.oldest_claimable() returns table (queue text, since timestamptz)
language plpgsql stable set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_incremental_sort = off
set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return query
    select q.name, oldest.since
    from (select ours.name collate "default" as name from pulp.queue ours) q -- as pg-boss's index is ordered
    cross join lateral (
      with recursive line as (
        (select j.priority, j.created_on from pgboss.job j
          where j.name = q.name and j.state < 'active' and not j.blocked
          order by j.priority desc, j.created_on limit 1)
        union all
        select next.priority, next.created_on from line cross join lateral (
          select j.priority, j.created_on from pgboss.job j
          where j.name = q.name and j.state < 'active' and not j.blocked and j.priority < line.priority
          order by j.priority desc, j.created_on limit 1
        ) next
      )
      select min(line.created_on) as since from (select * from line limit 100) line
    ) oldest
    where oldest.since is not null;
end $$;
comment on function pulp.oldest_claimable is 'Since when the longest waiting task of each queue could have been started.';
