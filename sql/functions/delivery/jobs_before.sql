-- How many jobs wait in a queue; counting ends at a thousand.
create or replace function pulp.jobs_before(queue text) returns bigint
language sql stable as $$
  select count(*) from (select from pgboss.job j where j.name = jobs_before.queue and j.state < 'active' limit 1000) line
$$;
comment on function pulp.jobs_before is 'How many jobs wait in a queue.';
