-- Appends one event to each of these tasks' streams, with a ReservationReleased before it where asked for and the task
-- has claims, and folds them into the tasks' rows. Gives the events' tasks and the (last) event of each. The caller holds
-- the rows' locks, or those of their jobs, and decided on their present state; if a row changed all the same, nothing is
-- appended. A start is counted here: its facts get the attempt.
create or replace function pulp.append_task_events(
  ids uuid[], types text[], facts jsonb[], release_claims boolean default false
) returns table (task pulp.task, event pulp.event)
language plpgsql as $$
declare
  appended_at constant timestamptz := clock_timestamp();
  acting constant text := pulp.actor();
  tx constant xid8 := pulp.event_tx();
  appended integer;
begin
  return query
  with folded as materialized (
    select next.row, next.release, next.event,
      pulp.evolve_task(
        case when (next.release).type is null then next.task else pulp.evolve_task(next.task, next.release) end,
        next.event) as task
    from (
      select found.row, found.task,
        case when has_claims then
          row(nextval('pulp.event_position'), tx, 'task', i.id::text, (found.task).version + 1, 'ReservationReleased',
            1, '{}', (found.task).correlation_id, null, acting, appended_at)::pulp.event
        end as release,
        row(nextval('pulp.event_position'), tx, 'task', i.id::text,
          (found.task).version + 1 + has_claims::integer, i.type, 1,
          case i.type when 'TaskStarted' then i.facts || jsonb_build_object('attempt', (found.task).attempt + 1) else i.facts end,
          (found.task).correlation_id, null, acting, appended_at)::pulp.event as event
      from unnest(ids, types, facts) as i(id, type, facts)
      -- "offset 0" here and elsewhere holds the planner to this direction: one probe of the index for each.
      cross join lateral (select x.ctid as row, x as task from pulp.task x where x.id = i.id offset 0) found
      cross join lateral (
        select release_claims and ((found.task).exclusive_resources <> '{}' or (found.task).shared_resources <> '{}') as has_claims
      ) claims
    ) next
  ),
  logged as (
    insert into pulp.event
    select (folded.release).* from folded where (folded.release).type is not null
    union all
    select (folded.event).* from folded
  )
  update pulp.task t set
    state = (f.task).state,
    queue = (f.task).queue,
    worker = (f.task).worker,
    attempt = (f.task).attempt,
    lost_workers = (f.task).lost_workers,
    fence = (f.task).fence,
    run_after = (f.task).run_after,
    result = (f.task).result,
    error = (f.task).error,
    cancel_reason = (f.task).cancel_reason,
    progress = (f.task).progress,
    unblocked_at = (f.task).unblocked_at,
    started_at = (f.task).started_at,
    finished_at = (f.task).finished_at,
    position = (f.task).position,
    version = (f.task).version
  from folded f
  where t.ctid = f.row
  returning f.task, f.event;

  get diagnostics appended = row_count;
  if appended <> cardinality(ids) then
    raise exception 'a task changed while events were appended to it' using errcode = 'serialization_failure',
      hint = 'Repeat the command.';
  end if;
end $$;
comment on function pulp.append_task_events is 'Appends events to tasks'' streams and folds them into the tasks'' rows.';
