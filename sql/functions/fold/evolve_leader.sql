-- What an event does to the leadership: the only place that says so. Takes null before the first election.
create or replace function pulp.evolve_leader(leader pulp.leader, event pulp.event) returns pulp.leader
language plpgsql immutable parallel safe as $$
begin
  if event.version <> coalesce(leader.version, 0) + 1 then
    raise exception 'event % of the leadership cannot follow its version %', event.version, coalesce(leader.version, 0)
      using errcode = 'PU008', hint = 'The log has a gap or an event was folded twice.';
  end if;
  case event.type
    when 'LeaderElected' then
      leader.role := event.stream_id;
      leader.worker := event.data ->> 'worker';
      leader.backend_pid := (event.data ->> 'backend_pid')::integer;
      leader.elected_at := event.recorded_at;
      leader.failing_since := null;
      leader.last_pass_at := null;
      leader.failures := '{}';
    when 'LeaderFailing' then
      leader.failing_since := coalesce(leader.failing_since, event.recorded_at);
      leader.last_pass_at := pulp.recorded_time(event.data -> 'last_pass_at');
      leader.failures := leader.failures || jsonb_build_object(event.data ->> 'duty', event.data -> 'error');
    when 'LeaderRecovered' then
      leader.failures := leader.failures - (event.data ->> 'duty');
      if leader.failures = '{}' then
        leader.failing_since := null;
        leader.last_pass_at := null;
      end if;
    else
      raise exception 'unknown event type % on the leadership', event.type
        using errcode = 'PU008', hint = 'It was written by a newer version: upgrade, then fold again.';
  end case;
  leader.version := event.version;
  return leader;
end $$;
comment on function pulp.evolve_leader is 'What an event does to the leadership.';
