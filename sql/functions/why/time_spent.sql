-- Where a task's time went, from its events: spans without gaps from its enqueueing to its end, or to now, so that they
-- add up to the whole. None if the log does not reach back to its beginning. Kinds: dependencies (others had to be over
-- first), delayed and retry_pause (held back until a time), resources and resource_manager (in line), worker (for a free one), running, canceling, and for a task
-- that was run again its state before: failed, canceled, skipped.
create or replace function pulp.time_spent(task uuid, now timestamptz)
returns table (kind text, attempt integer, worker text, resource text, behind uuid, since timestamptz, until timestamptz)
language plpgsql stable as $$
#variable_conflict use_column
declare
  step record;
  t pulp.task;
  ends timestamptz;
  due timestamptz;
  phase text;
begin
  for step in
    select x as event, lead(x) over (order by x.version) as next from pulp.history(time_spent.task) x order by x.version
  loop
    if t.version is null and (step.event).version <> 1 then
      return;
    end if;
    t := pulp.evolve_task(t, step.event);
    exit when t.finished_at is not null and (step.next).version is null;
    ends := coalesce((step.next).recorded_at, now);

    due := (step.event).recorded_at;
    if (step.event).type in ('TaskEnqueued', 'TaskRetryScheduled', 'TaskSnoozed', 'DependenciesMet') and t.run_after > due then
      due := least(t.run_after, ends);
    end if;
    phase := case
      when t.state <> 'waiting' then t.state
      when t.unblocked_at is not null then 'worker'
      when t.run_after is not null and (step.event).type not in ('TaskDue', 'TaskInterrupted', 'TaskRequeued') then 'resource_manager' -- due, but not in line yet
      else 'resources' end;

    if (phase, t.attempt + (t.state = 'waiting')::integer) is distinct from (kind, attempt) or due > (step.event).recorded_at then
      if since <> until then
        return next;
      end if;
      attempt := t.attempt + (t.state = 'waiting')::integer;
      worker := null;
      if due > (step.event).recorded_at then
        kind := case when t.run_after = 'infinity' then 'dependencies' when t.attempt = 0 then 'delayed' else 'retry_pause' end;
        since := (step.event).recorded_at;
        until := due;
        return next;
      end if;
      kind := phase;
      worker := case when t.state <> 'waiting' then t.worker end;
      since := due;
    end if;
    until := ends;
    if phase = 'resources' then
      return query
        select w.kind, time_spent.attempt, null, w.resource, w.behind, w.since, w.until
        from pulp.wait_in_line(t, step.event, step.next, now) w;
      since := until; -- told
    end if;
  end loop;
  if since <> until then
    return next;
  end if;
end $$;
comment on function pulp.time_spent is 'Where a task''s time went, in spans without gaps.';
