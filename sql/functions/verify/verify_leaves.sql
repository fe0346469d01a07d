-- Rule leaves_join: each leaf of the log holds one whole month, year or day in UTC, by its class, so that between leaves there is
-- no moment for which none could be made.
create or replace function pulp.verify_leaves() returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set datestyle = 'ISO' set timezone = 'UTC' as $$
begin
  return query
    select 'leaves_join', 'system', leaf.name, format('it does not hold one whole %s in UTC', leaf.unit),
      to_jsonb(date_trunc(leaf.unit, leaf.starts)), jsonb_build_array(leaf.starts, leaf.ends)
    from (
      select c.relname::text as name, class.unit, bounds[1]::timestamptz as starts, bounds[2]::timestamptz as ends
      from (values ('event_batch', 'month'), ('event_task', 'month'), ('event_system', 'year'), ('event_heartbeat', 'day')) class (name, unit)
      join pg_inherits i on i.inhparent = format('pulp.%I', class.name)::regclass
      join pg_class c on c.oid = i.inhrelid
      cross join lateral regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$FROM \('([^']+)'\) TO \('([^']+)'\)$re$) as bounds
    ) leaf
    where (leaf.starts, leaf.ends)
      is distinct from (date_trunc(leaf.unit, leaf.starts), date_trunc(leaf.unit, leaf.starts) + ('1 ' || leaf.unit)::interval)
    order by leaf.name;
end $$;
comment on function pulp.verify_leaves is 'Whether each leaf of the log holds one whole month, year or day.';
