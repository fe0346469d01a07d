-- The resource manager that leads says, on its own session, that a duty of it fails (with an error: code and message), or that
-- it works again (without). An event is appended if that is a change; one that does not lead any more says nothing.
-- worked_ago: how many seconds ago the duty last worked; null: never in this term. Waits for nobody long.
create or replace function pulp.report_duty(duty text, error jsonb default null, worked_ago double precision default null)
returns boolean
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set lock_timeout = '100ms' as $$
declare
  before pulp.leader;
  after pulp.leader;
  report pulp.event;
begin
  select * into before from pulp.leader l where l.role = 'resource-manager' for no key update;
  if before.backend_pid is distinct from pg_backend_pid() or before.failures -> duty is not distinct from error then
    return false;
  end if;
  perform pulp.know_era();
  insert into pulp.event_single (stream_kind, stream_id, version, type, data, actor)
    values ('system', 'resource-manager', before.version + 1, case when error is null then 'LeaderRecovered' else 'LeaderFailing' end,
      jsonb_strip_nulls(jsonb_build_object('duty', duty, 'error', error,
        'last_pass_at', case when error is not null then clock_timestamp() - worked_ago * interval '1 s' end)), pulp.actor())
    returning * into report;
  after := pulp.evolve_leader(before, report);
  update pulp.leader l set failing_since = after.failing_since, last_pass_at = after.last_pass_at, failures = after.failures,
    version = after.version
    where l.role = after.role;
  return true;
end $$;
comment on function pulp.report_duty is 'The resource manager that leads says that a duty of it fails, or works again.';
