-- Sends the notices that pulp.notify does not send where commits wait for a standby: which queues have jobs to fetch, which
-- workers have runs to cancel, and that tasks may be over. Called by the leader again and again, with what the last call
-- gave; it sends nothing if nothing can have been committed since. Its own commit waits neither for the disk nor for a standby,
-- and not for long where somebody else's notice does: then it fails, and the next call sends what is due.
create or replace function pulp.send_notices(
  seen_position bigint, seen_open boolean, out last_position bigint, out open boolean
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set enable_seqscan = off as $$
begin
  perform pulp.check_leader();
  select s.last_value into last_position from pulp.event_position s;
  -- A transaction that is open now may have drawn a position already.
  open := exists (select from pg_snapshot_xip(pg_current_snapshot()));
  if last_position = seen_position and not seen_open then
    return;
  end if;

  perform set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '50ms', true);
  perform pg_notify('pulp_ready', q.name) from pgboss.queue q
    where (select 1 from pgboss.job j
      where j.name = q.name and j.state < 'active' and not j.blocked and j.start_after <= pgboss.job_now() limit 1) is not null;
  perform pg_notify('pulp_cancel', busy.worker)
    from (
      select distinct r.worker from pulp.running r
      cross join lateral (select t.state from pulp.task t where t.id = r.task_id offset 0) t
      where t.state = 'canceling'
    ) busy;
  perform pg_notify('pulp_finished', '');
end $$;
comment on function pulp.send_notices is 'Sends the notices that others leave to the leader.';
