-- How many tasks a worker has in hand; counting ends at a thousand.
create or replace function pulp.slots_taken(worker text) returns bigint
language sql stable as $$
  select count(*) from (select from pulp.running r where r.worker = slots_taken.worker limit 1000) hand
$$;
comment on function pulp.slots_taken is 'How many tasks a worker has in hand.';
