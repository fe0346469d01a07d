-- What of a kind is paused at present.
create or replace function pulp.paused(kind text) returns text[]
language sql stable as $$
  select array(select p.name from pulp.pause p where p.kind = paused.kind and (p.until is null or p.until > clock_timestamp()))
$$;
comment on function pulp.paused is 'What of a kind is paused at present.';
