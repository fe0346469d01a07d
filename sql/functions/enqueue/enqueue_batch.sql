-- Enqueues many tasks, all or none, in the caller's transaction, and gives their ids in order. Items are objects with the keys of
-- pulp.enqueue_keys. An id that is there already with the same content is not enqueued again.
create or replace function pulp.enqueue_batch(items jsonb) returns setof uuid
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  if jsonb_typeof(items) is distinct from 'array' then
    raise exception 'the items must be a JSON array' using errcode = 'PU004', hint = 'Give an array of objects, one a task.';
  end if;
  return query select unnest(pulp.enqueue_columns(items => enqueue_batch.items));
end $$;
comment on function pulp.enqueue_batch is 'Enqueues many tasks, all or none; gives their ids in order.';
