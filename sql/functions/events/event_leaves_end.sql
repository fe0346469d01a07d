-- Until when every class of the log has leaves: nothing can be appended from then on.
create or replace function pulp.event_leaves_end() returns timestamptz
language sql stable set datestyle = 'ISO' set timezone = 'UTC' as $$
  select min(class.ends)
  from (
    select max(substring(pg_get_expr(c.relpartbound, c.oid) from $re$TO \('([^']+)'\)$re$)::timestamptz) as ends
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent in ('pulp.event_batch'::regclass, 'pulp.event_system'::regclass, 'pulp.event_heartbeat'::regclass)
    group by i.inhparent
  ) class
$$;
comment on function pulp.event_leaves_end is 'Until when every class of the log has leaves.';
