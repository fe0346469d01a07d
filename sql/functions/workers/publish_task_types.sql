-- Publishes the task types that a worker knows. Of two publications the newer one stands, whenever their workers come up
-- (see pulp.release_rank). Marks of secrets only grow, whichever of them has more: see pulp.unmark_secret. What changed by it is an event.
create or replace function pulp.publish_task_types(worker text, task_types jsonb) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  names constant text[] := array(select t ->> 'name' from jsonb_array_elements(task_types) as t);
  before jsonb;
begin
  lock table pulp.task_type in share row exclusive mode; -- one after the other, so that each tells what was there before
  select jsonb_object_agg(t.name, pulp.publication(t)) into before from pulp.task_type t where t.name = any (names);

  insert into pulp.task_type as known (
      name, schema, isolation, on_worker_loss, on_worker_stop, defaults, published_by, published_at, release, modified_at, package)
    select t ->> 'name', t -> 'schema', t ->> 'isolation', t ->> 'on_worker_loss',
      coalesce(t ->> 'on_worker_stop', case t ->> 'on_worker_loss' when 'retry' then 'requeue' else 'cancel' end),
      nullif(nullif(t -> 'defaults', 'null'), '{}'), publish_task_types.worker, clock_timestamp(), t ->> 'release', (t ->> 'modified_at')::timestamptz, t ->> 'package'
    from jsonb_array_elements(task_types) as t
    on conflict (name) do update set
      schema = excluded.schema,
      isolation = excluded.isolation, on_worker_loss = excluded.on_worker_loss, on_worker_stop = excluded.on_worker_stop,
      defaults = excluded.defaults,
      published_by = excluded.published_by, published_at = excluded.published_at,
      release = excluded.release, modified_at = excluded.modified_at, package = excluded.package
    where pulp.release_rank(excluded) >= pulp.release_rank(known);

  update pulp.task_type known
    set schema = pulp.with_secrets_of(pulp.with_secrets_of(known.schema, t -> 'schema'), before -> known.name -> 'schema')
    from jsonb_array_elements(task_types) as t
    where known.name = t ->> 'name' and (t -> 'schema' ? 'secrets' or before -> known.name -> 'schema' ? 'secrets');

  perform pulp.append_system_event('task-type/' || t.name, 'TaskTypePublished', jsonb_build_object(
      'name', t.name, 'worker', worker, 'before', before -> t.name, 'after', pulp.publication(t)))
    from pulp.task_type t
    where t.name = any (names) and pulp.publication(t) is distinct from before -> t.name;
end $$;
comment on function pulp.publish_task_types is 'Publishes the task types that a worker knows.';
