-- Deletes the queues in which nothing is and which no worker takes tasks from: those that none ever took any from at once, others
-- after these many days; gives their names. The next delivery to such a queue makes it anew.
create or replace function pulp.delete_queues_left_behind(days_gone integer) returns text[]
language plpgsql as $$
declare
  left_behind text[];
begin
  perform pulp.lock_granting(); -- nothing is routed there meanwhile
  left_behind := array(
    select q.name from pgboss.queue q
    join pulp.queue ours using (name)
    where q.name not in ('default', 'resource-manager')
      and not exists (select from pgboss.job j where j.name = q.name)
      and not exists (
        select from pulp.worker w
        where (w.name = q.name or q.name = any (w.queues))
          and (w.state = 'online' or w.last_heartbeat >= clock_timestamp() - days_gone * interval '1 day'))
    for update of q skip locked); -- whoever delivers to it just now has it locked
  left_behind := array( -- or had it, when this had looked
    select q from unnest(left_behind) as q where not exists (select from pgboss.job j where j.name = q));
  perform pgboss.delete_queue(name) from unnest(left_behind) as name;
  delete from pulp.queue q where q.name = any (left_behind);
  return left_behind;
end $$;
comment on function pulp.delete_queues_left_behind is 'Deletes the queues that are empty and that nobody serves.';
