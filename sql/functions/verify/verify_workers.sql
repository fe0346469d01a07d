-- Rules worker_as_folded, leader_as_folded and stream_readable of both, pause_as_folded, limit_as_folded, schedule_as_folded, group_as_folded,
-- subscription_as_folded, retention_as_folded, requirement_known, positions_rise: workers, the leadership, pauses, limits, schedules, groups, subscriptions and retention are what
-- their events tell, as far as these are kept, and their streams have no gaps and are in order.
create or replace function pulp.verify_workers() returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off as $$
begin
  return query
    select case when d.refusal is null then 'worker_as_folded' else 'stream_readable' end, 'worker', d.name,
      coalesce(d.refusal, 'its row is not what its events tell'),
      case when d.refusal is null then pulp.verify_columns(to_jsonb(d.worker_told), to_jsonb(d.worker_there)) end,
      case when d.refusal is null then pulp.verify_columns(to_jsonb(d.worker_there), to_jsonb(d.worker_told)) end
    from pulp.fold_worker_differences() d
    union all
    select case when d.refusal is null then 'leader_as_folded' else 'stream_readable' end, 'system', d.role,
      coalesce(d.refusal, 'its row is not what its events tell'),
      case when d.refusal is null then pulp.verify_columns(to_jsonb(d.leader_told), to_jsonb(d.leader_there)) end,
      case when d.refusal is null then pulp.verify_columns(to_jsonb(d.leader_there), to_jsonb(d.leader_told)) end
    from pulp.fold_leader_differences() d
    union all
    select 'pause_as_folded', 'system', d.stream, 'it is not what its events tell', to_jsonb(d.told), to_jsonb(d.there)
    from pulp.fold_pause_differences() d
    union all
    select 'limit_as_folded', 'system', d.stream, 'it is not what its events tell', to_jsonb(d.told), to_jsonb(d.there)
    from pulp.fold_limit_differences() d
    union all
    select 'schedule_as_folded', 'system', d.stream, 'it is not what its events tell',
      pulp.verify_columns(to_jsonb(d.told), to_jsonb(d.there)), pulp.verify_columns(to_jsonb(d.there), to_jsonb(d.told))
    from pulp.fold_schedule_differences() d
    union all
    select 'subscription_as_folded', 'system', d.stream, 'it is not what its events tell',
      pulp.verify_columns(pulp.subscription_facts(d.told), pulp.subscription_facts(d.there)),
      pulp.verify_columns(pulp.subscription_facts(d.there), pulp.subscription_facts(d.told))
    from pulp.fold_subscription_differences() d
    union all
    select 'retention_as_folded', 'system', d.stream, 'it is not what its events tell', to_jsonb(d.told), to_jsonb(d.there)
    from pulp.fold_retention_differences() d
    union all
    select 'requirement_known', 'task', t.id::text, 'no worker looks for what it requires', to_jsonb(pulp.job_kind(t.name, t.options)), null
    from pulp.task t
    where t.options ? 'requires' and t.state = 'waiting'
      and not exists (select from pulp.requirement r where r.kind = pulp.job_kind(t.name, t.options))
    union all
    select 'group_as_folded', 'system', d.stream, 'it is not what its events tell',
      pulp.verify_columns(to_jsonb(d.told), to_jsonb(d.there)), pulp.verify_columns(to_jsonb(d.there), to_jsonb(d.told))
    from pulp.fold_group_differences() d
    union all
    select 'positions_rise', e.stream_kind, e.stream_id,
      format('event %s, %s at position %s: it follows one of a greater position', e.version, e.type, e.position),
      null, jsonb_build_object('position', e.position, 'position_before', e.position_before)
    from (
      select x.*, lag(x.position) over (partition by x.stream_kind, x.stream_id order by x.version) as position_before
      from pulp.event x where x.stream_kind in ('worker', 'system')
    ) e
    where e.position < e.position_before;
end $$;
comment on function pulp.verify_workers is 'Whether workers, the leadership, pauses, limits, schedules, groups, subscriptions and retention are what the log tells.';
