-- The daily upkeep, called by the resource manager that leads: leaves of the log are made ahead, those of heartbeats
-- dropped when they were kept long enough, and what nobody needs any more is forgotten. A step that fails spoils no
-- other; it is told, and to be tried again. Waits for nobody long. Gives what was done, whether there is more to do at
-- once, and until when the log has leaves.
create or replace function pulp.keep_up(
  heartbeat_days integer default 3, kept_resources integer default 100000,
  out dropped_leaves text[], out forgotten_resources bigint, out deleted_queues text[], out failures text[],
  out more boolean, out leaves_end timestamptz
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set lock_timeout = '200ms' as $$
declare
  batch constant integer := 10000;
begin
  perform pulp.check_leader();
  failures := '{}';
  begin
    perform pulp.create_event_leaves();
  exception when others then
    failures := failures || format('making leaves ahead: %s', sqlerrm);
  end;
  begin
    deleted_queues := pulp.delete_queues_left_behind(7);
  exception when others then
    failures := failures || format('deleting queues of workers that are gone: %s', sqlerrm);
  end;
  begin
    forgotten_resources := pulp.forget_resources(kept_resources, batch);
  exception when others then
    failures := failures || format('forgetting resources: %s', sqlerrm);
  end;
  begin
    perform pulp.forget_requirements();
  exception when others then
    failures := failures || format('forgetting requirements: %s', sqlerrm);
  end;
  -- Last, for from here on heartbeats wait for the end of the transaction.
  begin
    dropped_leaves := pulp.drop_heartbeat_leaves(heartbeat_days);
  exception when others then
    failures := failures || format('dropping old heartbeats: %s', sqlerrm);
  end;
  more := coalesce(forgotten_resources >= batch, false);
  leaves_end := pulp.event_leaves_end();
end $$;
comment on function pulp.keep_up is 'The daily upkeep.';
