-- Who a claim is of, as it is told: a task, or a hold, with what it is for.
create or replace function pulp.claimant(claimant uuid)
returns table (id uuid, name text, state text, worker text, started_at timestamptz, hold jsonb)
language sql stable rows 1 as $$
  select t.id, t.name, t.state, t.worker, case when t.state <> 'waiting' then t.started_at end, null::jsonb
  from pulp.task t where t.id = claimant.claimant
  union all
  select h.id, 'hold', case h.state when 'granted' then 'running' else h.state end, null, null,
    jsonb_build_object('actor', h.actor, 'reason', h.reason, 'until', h.until)
  from pulp.hold h where h.id = claimant.claimant
$$;
comment on function pulp.claimant is 'Who a claim is of, as it is told.';
