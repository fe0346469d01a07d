-- The kinds of jobs that a worker takes: its task types, and of what their tasks require that which it has.
create or replace function pulp.kinds_taken(worker text, task_types text[]) returns text[]
language sql stable as $$
  select task_types || array(
    select r.kind from pulp.requirement r
    where r.name = any (task_types)
      and pulp.meets((select w.versions from pulp.worker w where w.name = kinds_taken.worker), r.requires))
$$;
comment on function pulp.kinds_taken is 'The kinds of jobs that a worker takes.';
