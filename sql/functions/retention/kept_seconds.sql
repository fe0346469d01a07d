-- For how many seconds after its end a task stays in pulp.task: as is said of its type, else of its queue, else of all. Null: for ever.
create or replace function pulp.kept_seconds(name text, queue text, state text) returns double precision
language sql stable as $$
  select nullif(r.keep ->> state, 'never')::double precision
  from pulp.retention r
  where r.keep ? state and case r.kind when 'type' then r.name = kept_seconds.name when 'queue' then r.name = kept_seconds.queue when 'all' then true end
  order by r.kind desc -- type, queue, all
  limit 1
$$;
comment on function pulp.kept_seconds is 'For how many seconds after its end a task stays in pulp.task.';
