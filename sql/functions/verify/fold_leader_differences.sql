-- Whether the leadership is not what the log tells: if so, what is told and what is there.
create or replace function pulp.fold_leader_differences()
returns table (role text, refusal text, leader_told pulp.leader, leader_there pulp.leader)
language sql stable as $$
  select 'resource-manager', f.refusal, f.leader, l.leader
  from (
    select array_agg(e order by e.version) as events
    from pulp.event e where e.stream_kind = 'system' and e.stream_id = 'resource-manager'
  ) s
  cross join lateral pulp.fold_leader_stream(coalesce(s.events, '{}')) f
  full join (select x as leader from pulp.leader x) l on true
  where f.refusal is not null or to_jsonb(f.leader) is distinct from to_jsonb(l.leader)
$$;
comment on function pulp.fold_leader_differences is 'Whether the leadership is not what the log tells.';
