-- The published task types whose names are most like the one given: by their share of common trigrams.
create or replace function pulp.near_task_types(wanted text) returns text[]
language sql stable parallel safe as $$
  with wanted_trigram as (
    select distinct substr('  ' || lower(wanted) || ' ', i, 3) as trigram from generate_series(1, length(wanted) + 1) as i
  ),
  likeness as (
    select t.name,
      (select count(*) from wanted_trigram w
        where position(w.trigram in '  ' || lower(t.name) || ' ') > 0)::float
        / greatest((select count(*) from wanted_trigram), length(t.name) + 1) as share
    from pulp.task_type t
  )
  select coalesce(array_agg(name order by share desc, name), '{}')
  from (select name, share from likeness where share >= 0.3 order by share desc, name limit 3) nearest
$$;
comment on function pulp.near_task_types is 'Up to three published task types with a name like the one given.';
