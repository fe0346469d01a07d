-- Cancels one task, and only it: one that waits is canceled at once; one that runs becomes canceling and its worker is
-- told to end it; one that is final stays as it is. Gives the state after it. Unknown tasks are refused.
create or replace function pulp.cancel(task uuid, reason text default null) returns text
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set enable_sort = off set enable_incremental_sort = off as $$
#variable_conflict use_column
declare
  t pulp.task;
  queue text;
  leaf oid;
  row tid;
  after pulp.task;
  claims pulp.reservation[];
  held boolean;
  is_open boolean;
  was_delayed boolean;
begin
  perform pulp.check_reason(reason, 'canceled');

  -- The order of locks is job, then task, as in start. A job that came, or moved to another queue, while we waited for
  -- the task is not waited for in the wrong order: both locks are given back with the subtransaction, and taken anew.
  loop
    begin
      select x.queue, pulp.acts_for(x.owner) into queue, is_open from pulp.task x where x.id = cancel.task;
      if not found or not is_open then
        raise exception 'there is no task %', task using errcode = 'PU002', hint = 'Check the id: pulp task list shows those known.';
      end if;
      -- Asked for in the order of the primary key, without sorting: so that no other index of pg-boss is read instead.
      select job.tableoid, job.ctid into leaf, row
        from pgboss.job where job.name = queue and job.id between cancel.task and cancel.task
        order by job.id for update;
      select * into t from pulp.task x where x.id = cancel.task for no key update;
      exit when t.queue = queue and (leaf is not null or t.state <> 'waiting' or (
        select job.id from pgboss.job where job.name = queue and job.id between cancel.task and cancel.task order by job.id) is null);
      raise exception using errcode = 'PU009';
    exception
      when sqlstate 'PU009' then null;
    end;
  end loop;

  if t.state = 'running' then
    select (a.task).* into after from pulp.append_task_events(
      'TaskCancelRequested', array[t.id], array[jsonb_build_object('reason', reason)]) a;
    perform pulp.count_moves(array[t.id], 'running', 'canceling');
    perform pulp.notify('pulp_cancel', t.worker);
    return after.state;
  elsif t.state <> 'waiting' then
    return t.state;
  end if;

  delete from pgboss.job where job.tableoid = leaf and job.ctid = row;
  delete from pulp.deferred d where d.task_id = t.id;
  was_delayed := found;
  if was_delayed then
    delete from pulp.dependency d where d.task_id = t.id;
  end if;
  with claim as (
    delete from pulp.reservation r where r.task_id = t.id returning r::pulp.reservation as deleted
  )
  select array_agg(deleted), bool_or((deleted).state = 'granted') into claims, held from claim;
  if held then
    perform pulp.append_task_events('ReservationReleased', array[t.id]);
  end if;
  select (a.task).* into after from pulp.append_task_events(
    'TaskCanceled', array[t.id], array[jsonb_build_object('reason', reason)]) a;
  perform pulp.count_moves(array[t.id], pulp.task_phase(t, was_delayed), 'canceled');
  perform pulp.note_endings(array[t.id], 'canceled', case when t.group_id is not null then array[t.id] end);
  perform pulp.wake_lines(claims);
  perform pulp.tell_abandoned(array[t.id]) where t.reported ? 'created';
  perform pulp.tell_ended(array[t.id]);
  return after.state;
end $$;
comment on function pulp.cancel is 'Cancels one task; gives its state after it.';
