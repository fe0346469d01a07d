-- Folds of whole streams, for rebuild, verification and time travel: select (fold_task(e order by e.version)).* from ...
create or replace aggregate pulp.fold_task(pulp.event) (sfunc = pulp.evolve_task_step, stype = pulp.task);
comment on aggregate pulp.fold_task(pulp.event) is 'A task as its events tell it, in the order of version.';
create or replace aggregate pulp.fold_worker(pulp.event) (sfunc = pulp.evolve_worker, stype = pulp.worker);
comment on aggregate pulp.fold_worker(pulp.event) is 'A worker as its events tell it, in the order of position.';
