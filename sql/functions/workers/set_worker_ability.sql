-- A worker says that it takes no tasks for now, and why; null: that it takes them again.
create or replace function pulp.set_worker_ability(worker text, incarnation bigint, unable text) returns void
language plpgsql security definer set search_path = pulp, pg_temp set jit = off as $$
#variable_conflict use_column
declare
  known pulp.worker;
begin
  perform pulp.check_incarnation(worker, set_worker_ability.incarnation);
  select * into known from pulp.worker w where w.name = set_worker_ability.worker for no key update;
  if known.unable is not distinct from set_worker_ability.unable then
    return;
  end if;
  if set_worker_ability.unable is null then
    perform pulp.append_worker_event(worker, known, 'WorkerAble', '{}');
  else
    perform pulp.append_worker_event(worker, known, 'WorkerUnable', jsonb_build_object('reason', set_worker_ability.unable));
  end if;
end $$;
comment on function pulp.set_worker_ability is 'A worker says whether it takes tasks, and why not.';
