-- Where workers are not what the log tells, as far as it tells it: of each such worker what is told and what is there. Of
-- signs of life that may have gone with their leaf, the row is believed.
create or replace function pulp.fold_worker_differences(only_names text[] default null)
returns table (name text, refusal text, worker_told pulp.worker, worker_there pulp.worker)
language plpgsql stable as $$
#variable_conflict use_column
declare
  pair record;
begin
  for pair in
    select coalesce(f.name, w.name) as name, f.worker as told, w.worker as there, f.beats_known, f.all_beats_kept, f.refusal
    from pulp.fold_workers(fold_worker_differences.only_names) f
    full join (select x.name, x as worker from pulp.worker x) w on w.name = f.name
    where fold_worker_differences.only_names is null or coalesce(f.name, w.name) = any (fold_worker_differences.only_names)
  loop
    name := pair.name;
    refusal := pair.refusal;
    worker_told := pair.told;
    worker_there := pair.there;
    if not pair.all_beats_kept and worker_there.last_heartbeat >= worker_told.last_heartbeat then
      if pair.beats_known = 0 then
        worker_told.last_heartbeat := worker_there.last_heartbeat;
      end if;
      if pair.beats_known < 2 then
        worker_told.finish_rate := worker_there.finish_rate;
      end if;
    end if;
    if refusal is not null or worker_told is distinct from worker_there then
      return next;
    end if;
  end loop;
end $$;
comment on function pulp.fold_worker_differences is 'Where workers are not what the log tells.';
