-- Deletes the queues of reserved workers that have been gone for these many days, if nothing is in them; gives their
-- names. Whoever delivers to such a queue again makes it anew.
create or replace function pulp.delete_queues_left_behind(days_gone integer) returns text[]
language plpgsql as $$
declare
  left_behind text[];
begin
  perform pulp.lock_granting(); -- nothing is routed there meanwhile
  left_behind := array(
    select w.name from pulp.worker w
    where w.state <> 'online' and pulp.is_reserved_worker(w.name)
      and w.last_heartbeat < clock_timestamp() - days_gone * interval '1 day'
      and exists (select from pgboss.queue q where q.name = w.name)
      and not exists (select from pgboss.job j where j.name = w.name)
    for update skip locked);
  perform pgboss.delete_queue(name) from unnest(left_behind) as name;
  delete from pulp.queue q where q.name = any (left_behind);
  return left_behind;
end $$;
comment on function pulp.delete_queues_left_behind is 'Deletes the queues of reserved workers that are long gone.';
