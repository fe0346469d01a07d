-- What the job of a task is called in pg-boss, by which workers pick what they can run: its type, and behind a space what it requires, if anything. So
-- who cannot run it passes it over as a type that he does not know.
create or replace function pulp.job_kind(name text, options jsonb) returns text
language sql immutable parallel safe as $$
  select name || coalesce(' ' || (options ->> 'requires'), '')
$$;
comment on function pulp.job_kind is 'What the job of a task is called in pg-boss.';
