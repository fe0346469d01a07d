-- Where schedules are not what the log tells.
create or replace function pulp.fold_schedule_differences() returns table (stream text, told pulp.schedule, there pulp.schedule)
language sql stable as $$
  select pulp.schedule_stream(name), t.told, x.there
  from (select s.name, s as told from pulp.schedule_at() s) t
  full join (select s.name, s as there from pulp.schedule s) x using (name)
  where to_jsonb(t.told) is distinct from to_jsonb(x.there)
$$;
comment on function pulp.fold_schedule_differences is 'Where schedules are not what the log tells.';
