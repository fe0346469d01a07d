-- A worker says how it fares; each fact that has changed becomes an event. "unable": why it takes no tasks for now; null: it takes them. "stuck":
-- which of its runs go on though their processes were killed, objects with the task and its processes (pid, state); they keep what they hold.
create or replace function pulp.set_worker_condition(worker text, incarnation bigint, unable text, stuck jsonb) returns void
language plpgsql security definer set search_path = pulp, pg_temp set jit = off as $$
#variable_conflict use_column
declare
  known pulp.worker;
begin
  perform pulp.check_incarnation(worker, set_worker_condition.incarnation);
  select * into known from pulp.worker w where w.name = set_worker_condition.worker for no key update;
  if known.unable is distinct from set_worker_condition.unable then
    known := case
      when set_worker_condition.unable is null then pulp.append_worker_event(worker, known, 'WorkerAble', '{}')
      else pulp.append_worker_event(worker, known, 'WorkerUnable', jsonb_build_object('reason', set_worker_condition.unable))
    end;
  end if;
  if known.stuck is distinct from nullif(set_worker_condition.stuck, '[]') then
    perform pulp.append_worker_event(worker, known, 'WorkerStuck', jsonb_build_object('runs', set_worker_condition.stuck));
  end if;
end $$;
comment on function pulp.set_worker_condition is 'A worker says whether it takes tasks and why not, and which of its runs cannot be killed.';
