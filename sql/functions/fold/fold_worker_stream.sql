-- Folds events of one worker, in the order of their positions. What the fold refuses is given instead of raised.
create or replace function pulp.fold_worker_stream(events pulp.event[], out worker pulp.worker, out refusal text)
language plpgsql immutable as $$
declare
  event pulp.event;
begin
  foreach event in array events loop
    worker := pulp.evolve_worker(worker, event);
  end loop;
exception
  when others then
    worker := null;
    refusal := sqlerrm;
end $$;
comment on function pulp.fold_worker_stream is 'Folds events of one worker; gives a refusal instead of raising it.';
