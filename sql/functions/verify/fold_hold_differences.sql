-- Where holds are not what the log tells.
create or replace function pulp.fold_hold_differences() returns table (stream text, told pulp.hold, there pulp.hold)
language sql stable as $$
  select 'hold/' || id, t.told, x.there
  from (select h.id, h as told from pulp.hold_at() h) t
  full join (select h.id, h as there from pulp.hold h) x using (id)
  where to_jsonb(t.told) is distinct from to_jsonb(x.there)
$$;
comment on function pulp.fold_hold_differences is 'Where holds are not what the log tells.';
