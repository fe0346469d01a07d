-- Appends the birth of a worker to its stream and folds it into its row; gives the incarnation.
create or replace function pulp.append_worker_online(worker text, known pulp.worker, facts jsonb) returns bigint
language plpgsql as $$
declare
  birth pulp.event;
  born pulp.worker;
begin
  insert into pulp.event (stream_kind, stream_id, version, type, data, actor)
    values ('worker', worker, coalesce(known.version, 0) + 1, 'WorkerOnline', facts, pulp.actor())
    returning * into birth;
  born := pulp.evolve_worker(known, birth);
  delete from pulp.worker w where w.name = born.name;
  insert into pulp.worker select born.*;
  return born.incarnation;
end $$;
comment on function pulp.append_worker_online is 'Appends the birth of a worker; gives the incarnation.';
