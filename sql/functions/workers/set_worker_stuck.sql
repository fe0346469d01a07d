-- A worker says which of its runs go on though their processes were killed: an array of objects with the task and its
-- processes (pid, state). They keep what they hold; an empty array says that there are none any more.
create or replace function pulp.set_worker_stuck(worker text, incarnation bigint, runs jsonb) returns void
language plpgsql security definer set search_path = pulp, pg_temp set jit = off as $$
#variable_conflict use_column
declare
  known pulp.worker;
begin
  perform pulp.check_incarnation(worker, set_worker_stuck.incarnation);
  select * into known from pulp.worker w where w.name = set_worker_stuck.worker for no key update;
  if known.stuck is distinct from nullif(set_worker_stuck.runs, '[]') then
    perform pulp.append_worker_event(worker, known, 'WorkerStuck', jsonb_build_object('runs', set_worker_stuck.runs));
  end if;
end $$;
comment on function pulp.set_worker_stuck is 'A worker says which of its runs go on though they were killed.';
