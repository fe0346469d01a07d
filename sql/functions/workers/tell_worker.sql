-- Appends what a worker that is online is told to do, and calls it; it hears of it with its next sign of life at the latest.
create or replace function pulp.tell_worker(worker text, type text, facts jsonb) returns void
language plpgsql as $$
declare
  known pulp.worker;
begin
  select * into known from pulp.worker w where w.name = tell_worker.worker for no key update;
  if not found then
    raise exception 'there is no worker %', worker using errcode = 'PU002', hint = 'Check the name: pulp worker list shows those known.';
  elsif known.state <> 'online' then
    raise exception 'worker % is %', worker, known.state using errcode = 'PU026', hint = 'Only workers that are online can be told anything.';
  end if;
  perform pulp.append_worker_event(worker, known, tell_worker.type, facts);
  perform pulp.notify('pulp_cancel', worker || ' orders');
end $$;
comment on function pulp.tell_worker is 'Appends what a worker is told to do, and calls it.';
