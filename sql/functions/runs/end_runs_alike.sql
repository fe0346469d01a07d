-- Ends the runs of these locked tasks, all by an event of one type, with these facts; "claiming": all of them have claims, or none.
-- Gives the released claims: it is up to the caller who comes next on them.
-- Steps: 1 folds the end, and the release before it, into the tasks' rows, and logs both  2 removes the runs and the granted
-- claims  3 defers what is tried again; an interrupted task enters the wait queues at its old place, or is delivered if it claims
-- nothing; for the others, those that come after them are looked at (note_endings).
-- The rows are locked by the caller: the tasks are still those that it decided on. Success is what most runs end with, and has ways of
-- its own (complete_runs); of all other ends, a release is folded by a statement of its own.
create or replace function pulp.end_runs_alike(type text, rows tid[], facts jsonb[], claiming boolean) returns pulp.reservation[]
language plpgsql as $$
declare
  completed record;
  ended uuid[];
  grouped uuid[];
  events pulp.event[];
  canceling uuid[];
  released pulp.reservation[];
  cause constant text := case type when 'TaskRetryScheduled' then 'retry' when 'TaskInterrupted' then 'interrupted' when 'TaskSnoozed' then 'snoozed' else '' end;
  phase_after constant text := case
    when type = 'TaskCompleted' then 'completed' when type = 'TaskFailed' then 'failed' when type = 'TaskCanceled' then 'canceled'
    when type in ('TaskRetryScheduled', 'TaskSnoozed') then 'delayed' when claiming then 'blocked' else 'claimable' end;
begin
  if type = 'TaskCompleted' then
    completed := pulp.complete_runs(rows, facts, claiming);
    ended := completed.ids;
    grouped := completed.grouped;
  else
    select array_agg(t.id order by r.ordinality), array_agg(t.id) filter (where t.state = 'canceling') into ended, canceling
      from unnest(rows) with ordinality as r(row, ordinality)
      cross join lateral (select x.id, x.state from pulp.task x where x.ctid = r.row offset 0) t;
    if claiming then
      perform pulp.append_task_events('ReservationReleased', ended);
    end if;
    with ended_run as (
      select a.event, (a.task).id, (a.task).group_id, (a.task).queue, (a.task).name, (a.event).data ? 'worker_lost' as is_lost,
        pulp.seconds_between((a.task).started_at, (a.event).recorded_at) as ran, (a.task).id = any (canceling) as was_canceling
      from pulp.append_task_events(end_runs_alike.type, ended, facts) a
    ),
    counted as (
      insert into pulp.task_flow (queue, name, before, after, cause, bucket, number, seconds)
      select e.queue, e.name, case when e.was_canceling then 'canceling' else 'running' end, phase_after,
        case when e.is_lost then 'worker_lost' else cause end, pulp.duration_bucket(e.ran), count(*), sum(e.ran)
      from ended_run e group by e.queue, e.name, e.was_canceling, e.is_lost, pulp.duration_bucket(e.ran)
    )
    select array_agg(e.event order by (e.event).position), array_agg(e.id) filter (where e.group_id is not null)
      into events, grouped from ended_run e;
  end if;

  delete from pulp.running r where r.task_id = any (ended);
  if claiming then
    with released_claim as (
      delete from pulp.reservation_granted g where g.task_id = any (ended)
      returning g::pulp.reservation as claim
    )
    select array_agg(claim) into released from released_claim;
  end if;

  if type in ('TaskRetryScheduled', 'TaskSnoozed') then
    perform pulp.defer(ended);
  elsif type = 'TaskInterrupted' and claiming then
    perform pulp.take_place_in_line(events);
  elsif type = 'TaskInterrupted' then
    perform pulp.deliver(ended);
  else
    perform pulp.note_endings(ended, phase_after, grouped);
  end if;
  if type in ('TaskFailed', 'TaskCanceled') then
    perform pulp.tell_abandoned(ended);
  end if;
  perform pulp.tell_ended(ended);
  return coalesce(released, '{}');
end $$;
comment on function pulp.end_runs_alike is 'Ends runs that end alike and lets go of their claims.';
