-- Ends a pause, whose table the caller has locked, and calls those who wait because of it.
create or replace function pulp.end_pause(kind text, name text, reason text) returns void
language plpgsql as $$
#variable_conflict use_column
begin
  perform pulp.append_system_event(pulp.pause_stream(kind, name),
    case kind when 'queue' then 'QueueResumed' when 'type' then 'TypeResumed' when 'resource' then 'ResourceResumed' else 'AllResumed' end,
    jsonb_build_object('kind', kind, 'name', name, 'reason', reason));
  delete from pulp.pause p where p.kind = end_pause.kind and p.name = end_pause.name;
  if kind = 'resource' then
    insert into pulp.wakeup (resource, mode) values (name, 'exclusive');
    perform pulp.notify('pulp_grant', '');
    -- Those that had it already when it was paused were put back.
    update pgboss.job j set start_after = pgboss.job_now()
      from (select g.task_id from pulp.reservation_granted g where g.resource = end_pause.name) granted
      cross join lateral (select x.queue from pulp.task x where x.id = granted.task_id and x.state = 'waiting' offset 0) t
      where j.name = t.queue and j.id = granted.task_id and j.state < 'active' and j.start_after > pgboss.job_now();
  end if;
  perform pulp.notify('pulp_ready', q.name) from pulp.queue q where kind <> 'queue' or q.name = end_pause.name;
end $$;
comment on function pulp.end_pause is 'Ends a pause and calls those who wait because of it.';
