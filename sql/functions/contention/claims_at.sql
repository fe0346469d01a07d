-- The claims on a resource, or (null) on all, as they stood at a moment, in the order of their lines: granted or waiting. It costs
-- what happened since that moment. Tasks that were purged are missing.
create or replace function pulp.claims_at(at timestamptz, of_resource text default null, at_most integer default 1000)
returns table (
  resource text, task_id uuid, name text, mode text, worker text, state text, "position" bigint, requested_at timestamptz,
  granted_at timestamptz
)
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  perform pulp.check_sees_all();
  return query
  select l.resource, l.task_id, l.name, l.mode, case when l.granted_at <= claims_at.at then l.worker end,
    case when l.granted_at <= claims_at.at then 'granted' else 'waiting' end, l.position, l.requested_at,
    case when l.granted_at <= claims_at.at then l.granted_at end
  from pulp.claim_lives(claims_at.at, of_resource) l
  where l.requested_at <= claims_at.at and coalesce(l.ended_at > claims_at.at, true)
  order by l.resource, l.position limit at_most;
end $$;
comment on function pulp.claims_at is 'The claims on resources as they stood at a moment, in the order of their lines.';
