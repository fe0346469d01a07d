-- Why a task does not run, or what it does, or where its time went, for people and programs. reasons holds codes, the
-- decisive one first; the facts behind them stand in the other keys. A waiting task:
--   awaits_tasks, awaits_group  tasks that it comes after, or others of its group, are not over (or not all dispatched): see "awaits"
--   delayed, retry_pause      until due_at                        due                 its time has come: the manager is to take it up
--   resource_held             somebody holds what it claims       behind_in_line      older claims come first
--   units_taken               there are not enough units free for it and those before it
--   rate_reached              its rate lets no more be granted until next_at
--   beyond_capacity           it asks for more units than there are
--   held_by_ancestor          the task that enqueued it, or one further up, is who holds it: a deadlock, if that one waits for this one
--   no_resource_manager       nobody leads, so nothing is granted being_granted       all its claims are met
--   no_worker, unknown_type   nobody online takes from its queue, or none of those knows its type
--   worker_unable             none of those that do is able to take tasks at present
--   no_free_hand, behind_in_queue, put_back, to_be_routed, about_to_start             all others, in its queue
--   not_delivered             it should have a job and has none
--   paused                    everything, its queue, its type or a resource that it claims is; first, if nothing else keeps it waiting
--   held_back                 the manager could not bring it forward, says why, and tries again
--   manager_failing           the manager leads, but what this task waits for fails; said beside being_granted, due, to_be_routed
-- One that runs: running or canceling, and awaits_tasks while its code waits for others. In either case deadlock comes first where it
-- stands in a circle of tasks that wait for each other, which "deadlock" tells. One that is over: its state. "interrupted" tells of the last of its interruptions in a
-- row, if its latest run, or the one before, ended so; "old_snapshot", of one that waits, of what slows all work at present.
create or replace function pulp.why(task uuid) returns jsonb
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  asked_at constant timestamptz := clock_timestamp();
  t pulp.task;
  due_at timestamptz;
  claims jsonb := '[]';
  queue jsonb;
  manager jsonb;
  led boolean;
  held_back jsonb;
  run jsonb;
  interrupted jsonb;
  spent jsonb;
  reasons text[] := '{}';
  outlook text[] := '{}';
  paused jsonb := '[]';
  awaited jsonb := '[]';
  circle jsonb;
begin
  select * into t from pulp.task x where x.id = why.task;
  if not found or not (pulp.acts_for(t.owner) or pulp.sees_all()) then
    raise exception 'there is no task %', task using errcode = 'PU002', hint = 'Check the id: pulp task list shows those known.';
  end if;

  led := pulp.leader_session() is not null;
  manager := jsonb_build_object('leads', led) || coalesce((
    select jsonb_build_object('worker', l.worker, 'since', l.elected_at,
      'failing_since', l.failing_since, 'last_pass_at', l.last_pass_at, 'failures', l.failures)
    from pulp.leader l where l.backend_pid = pulp.leader_session()), '{}');

  if t.state = 'waiting' then
    select d.due_at into due_at from pulp.deferred d where d.task_id = t.id;
    select jsonb_build_object('step', h.step, 'since', h.since, 'not_before', h.not_before, 'tries', h.tries, 'code', h.code,
        'message', h.message)
      into held_back from pulp.held_back h where h.task_id = t.id;
    claims := pulp.claim_outlook(t.id);
    select coalesce(jsonb_agg(jsonb_build_object('kind', p.kind, 'name', p.name, 'reason', p.reason, 'actor', p.actor, 'since', p.since, 'until', p.until)), '[]')
      into paused from pulp.pauses_of(t) p;
    queue := pulp.queue_outlook(t);

    -- What its queue has in store for it, now or later.
    outlook := case
      when queue -> 'workers' = '[]' then array[case when (queue ->> 'routable')::boolean then 'to_be_routed' else 'no_worker' end]
      when not queue @? '$.workers[*] ? (@.knows_type == true)' then
        array[case when (queue ->> 'routable')::boolean then 'to_be_routed'
          when queue @? '$.workers[*] ? (@.lacks != null)' then 'versions_missing' else 'unknown_type' end]
      when not queue @? '$.workers[*] ? (@.knows_type == true && @.unable == null)' then array['worker_unable']
      when (queue ->> 'delivered')::boolean then
        array_remove(array[
          case when queue ->> 'put_back_until' is not null then 'put_back' end,
          case when not queue @? '$.workers[*] ? (@.knows_type == true && @.running < @.concurrency)' then 'no_free_hand' end,
          case when (queue ->> 'jobs_before')::integer > 0 then 'behind_in_queue' end], null)
      else '{}' end;

    if due_at = 'infinity' then
      due_at := null;
      awaited := pulp.awaited_outlook(t);
      reasons := array_remove(array[
        case when awaited @? '$[*] ? (@.kind == "task")' then 'awaits_tasks' end,
        case when awaited @? '$[*] ? (@.kind == "group")' then 'awaits_group' end,
        case when not led then 'no_resource_manager' end], null);
    elsif due_at > asked_at then
      reasons := array[case t.attempt when 0 then 'delayed' else 'retry_pause' end];
    elsif due_at is not null then
      reasons := array[case when led then 'due' else 'no_resource_manager' end];
    elsif claims <> '[]' then
      reasons := array_remove(array[
        case when claims @? '$[*].held_by[*] ? (@.is_ancestor == true)' then 'held_by_ancestor' end,
        case when claims @? '$[*].limit ? (@.lacks == "capacity")' then 'beyond_capacity' end,
        case when claims @? '$[*] ? (@.holders > 0 && !(@.limit.lacks == "units"))' then 'resource_held' end,
        case when claims @? '$[*].limit ? (@.lacks == "units")' then 'units_taken' end,
        case when claims @? '$[*].limit ? (@.lacks == "rate")' then 'rate_reached' end,
        case when claims @? '$[*] ? (@.holders == 0 && @.before > 0 && !exists(@.limit.lacks))' then 'behind_in_line' end,
        case when not claims @? '$[*] ? (@.met == false)' and led then 'being_granted' end,
        case when not led then 'no_resource_manager' end], null);
    elsif not (queue ->> 'delivered')::boolean then
      reasons := array['not_delivered'];
    elsif 'to_be_routed' = any (outlook) and not led then
      reasons := array['no_resource_manager'];
    elsif outlook = '{}' then
      reasons := array['about_to_start'];
    end if;
    if paused <> '[]' then
      reasons := array_remove(array_remove(reasons, 'being_granted'), 'about_to_start');
      outlook := array_remove(outlook, 'put_back'); -- because of the pause
      reasons := case when reasons = '{}' then array['paused'] else reasons || array['paused'] end;
    end if;
    if held_back is not null and reasons && '{being_granted,due,to_be_routed,not_delivered}' then
      reasons := array['held_back'] || reasons;
    elsif reasons && '{being_granted,due}' and manager #> '{failures,grant}' is not null
      or 'to_be_routed' = any (outlook) and manager #> '{failures,watch}' is not null then
      reasons := array['manager_failing'] || reasons;
    end if;
    reasons := reasons || array(select code from unnest(outlook) as code where reasons <> '{not_delivered}');
  else
    reasons := array[t.state];
  end if;

  if t.state = 'running' then
    select coalesce(jsonb_agg(jsonb_build_object('kind', 'task', 'id', x.id, 'name', x.name, 'state', x.state)), '[]'),
        (jsonb_agg(pulp.deadlock(t.id, x.id)) filter (where pulp.deadlock(t.id, x.id) is not null)) -> 0
      into awaited, circle
      from pulp.running r cross join unnest(r.awaits) as a(id)
      cross join lateral (select y.id, y.name, y.state from pulp.task y where y.id = a.id offset 0) x
      where r.task_id = t.id;
    reasons := reasons || case when awaited <> '[]' then array['awaits_tasks'] end;
  elsif t.state = 'waiting' then
    select (jsonb_agg(pulp.deadlock(r.task_id, t.id)) filter (where pulp.deadlock(r.task_id, t.id) is not null)) -> 0 into circle
      from pulp.running r where t.id = any (r.awaits);
  end if;
  if circle is not null then
    reasons := array['deadlock'] || reasons;
  end if;

  if t.state in ('running', 'canceling') then
    select jsonb_build_object(
        'worker', t.worker, 'host', w.host, 'pid', w.pid, 'heartbeat_age', extract(epoch from asked_at - w.last_heartbeat),
        'attempt', t.attempt, 'since', t.started_at, 'seconds', extract(epoch from asked_at - t.started_at),
        'timeout_seconds', t.timeout_seconds, 'progress', t.progress, 'stuck', jsonb_path_query_first(
          w.stuck, '$[*] ? (@.task == $id).processes', jsonb_build_object('id', t.id)))
      into run
      from pulp.worker w where w.name = t.worker;
  end if;

  if t.interruptions > 0 then
    select jsonb_build_object(
        'times', t.interruptions, 'by', e.data -> 'by', 'reason', e.data -> 'reason', 'worker', e.data -> 'worker',
        'at', e.recorded_at)
      into interrupted
      from pulp.history(t.id) e
      where e.type = 'TaskInterrupted'
      order by e.version desc limit 1;
  end if;

  select jsonb_build_object(
      'seconds', extract(epoch from max(s.until) - min(s.since)), 'since', min(s.since), 'until', max(s.until),
      'spans', jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'kind', s.kind, 'attempt', s.attempt, 'worker', s.worker, 'resource', s.resource, 'behind', s.behind,
        'since', s.since, 'until', s.until, 'seconds', extract(epoch from s.until - s.since))) order by s.ordinality))
    into spent
    from pulp.time_spent(t.id, asked_at) with ordinality s
    having count(*) > 0;

  return jsonb_build_object(
    'id', t.id, 'name', t.name, 'state', t.state, 'asked_at', asked_at, 'reasons', to_jsonb(reasons),
    'attempt', t.attempt, 'retries', t.retries, 'priority', t.priority, 'error', case when pulp.acts_for(t.owner) then t.error end, 'cancel_reason', t.cancel_reason,
    'due_at', due_at, 'awaits', awaited, 'deadlock', case when circle is not null then jsonb_build_object('text', pulp.circle_text(circle), 'steps', circle) end,
    'held_back', held_back, 'paused', paused, 'claims', claims, 'queue', queue, 'resource_manager', manager, 'run', run,
    'interrupted', interrupted, 'time', spent, 'old_snapshot', case when t.state = 'waiting' then pulp.old_snapshot() end);
end $$;
comment on function pulp.why is 'Why a task does not run, or what it does, or where its time went.';
