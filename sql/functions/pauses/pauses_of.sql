-- The pauses that keep a task from beginning: of everything, of its queue, its type, the resources that it claims.
create or replace function pulp.pauses_of(task pulp.task) returns setof pulp.pause
language sql stable as $$
  select p.* from pulp.pause p
  where (p.until is null or p.until > clock_timestamp()) and case p.kind
    when 'all' then true
    when 'queue' then p.name = task.queue
    when 'type' then p.name = task.name
    else p.name = any (task.exclusive_resources || task.shared_resources) end
  order by p.since
$$;
comment on function pulp.pauses_of is 'The pauses that keep a task from beginning.';
