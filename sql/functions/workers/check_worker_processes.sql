-- One look of an observer at the workers. "silent" are those that it has seen without a new sign of life for the whole TTL by
-- its own clock: pairs of a worker's name and the mark that it saw. A worker that still bears that mark is declared missing; one
-- whose row somebody else holds is left for the next look, and so is its session ended meanwhile. Then runs are recovered
-- whose worker is over. Gives who was declared missing, with what became of the runs, the marks of those that are online, how
-- many resource managers and other workers these are, and whether anybody leads. No reading of a wall clock is compared:
-- such clocks step.
create or replace function pulp.check_worker_processes(
  silent jsonb default '{}', out missing text[], out recovered jsonb, out marks jsonb, out resource_managers integer,
  out workers integer, out led boolean
)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off as $$
declare
  known pulp.worker;
begin
  perform pulp.check_leader();
  missing := '{}';
  for known in
    select w.* from jsonb_each_text(silent) as s(name, mark)
    cross join lateral (
      select x.* from pulp.worker x
      where x.name = s.name and x.state = 'online' and pulp.worker_mark(x) = s.mark
      for update skip locked
    ) w
    order by w.name
  loop
    missing := missing || known.name;
    perform pulp.append_worker_event(known.name, known, 'WorkerMissing', '{"normal_shutdown": false}');
    perform pulp.count_lost_worker('lease');
  end loop;
  -- Also of those whose rows are held by their own statement, such as one that waits for the disk: their next turn comes then.
  perform pulp.end_session(s.backend_pid, wait_ms => 0)
    from pulp.worker_sessions() s join pulp.worker w on w.name = s.worker
    where w.name in (select key from jsonb_each_text(silent)) and (w.state <> 'online' or pulp.worker_mark(w) = silent ->> w.name);

  select coalesce(jsonb_agg(to_jsonb(r)), '[]') into recovered from pulp.recover_runs() r;
  select coalesce(jsonb_object_agg(w.name, pulp.worker_mark(w)), '{}'),
      count(*) filter (where w.name like 'resource-manager%'), count(*) filter (where w.name not like 'resource-manager%')
    into marks, resource_managers, workers
    from pulp.worker w where w.state = 'online';
  led := pulp.leader_session() is not null;
  perform pulp.sum_task_flow(), pulp.sum_group_flow();
end $$;
comment on function pulp.check_worker_processes is 'One look of an observer at the workers: who is missing, and who is there.';
