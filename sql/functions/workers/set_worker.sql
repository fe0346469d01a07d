-- Gives a worker another number of tasks to have in hand. What it has beyond that goes on to its end. For operators.
create or replace function pulp.set_worker(worker text, concurrency integer) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  if (concurrency between 1 and 2147483646) is not true then
    raise exception 'concurrency: must be 1 or more' using errcode = 'PU004', hint = 'To have it take nothing: pulp worker drain, or pulp pause.';
  end if;
  perform pulp.tell_worker(worker, 'WorkerResized', jsonb_build_object('concurrency', concurrency));
end $$;
comment on function pulp.set_worker is 'Gives a worker another number of tasks to have in hand.';
