-- Publishes the task types that a worker knows. Of two publications the newer one stands, whenever their workers come up
-- (see pulp.release_rank). A secret's mark is taken back by a newer release that is named, and by nothing else: whoever
-- names none adds its marks to those that are there.
create or replace function pulp.publish_task_types(worker text, task_types jsonb) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  insert into pulp.task_type as known (
      name, schema, isolation, on_worker_loss, on_worker_stop, published_by, published_at, release, modified_at, package)
    select t ->> 'name', t -> 'schema', t ->> 'isolation', t ->> 'on_worker_loss',
      coalesce(t ->> 'on_worker_stop', case t ->> 'on_worker_loss' when 'retry' then 'requeue' else 'cancel' end),
      publish_task_types.worker, clock_timestamp(), t ->> 'release', (t ->> 'modified_at')::timestamptz, t ->> 'package'
    from jsonb_array_elements(task_types) as t
    order by 1 -- births at the same time publish in one order
    on conflict (name) do update set
      schema = case
        when excluded.release is not null and pulp.release_rank(excluded) > pulp.release_rank(known) then excluded.schema
        else pulp.with_secrets_of(excluded.schema, known.schema) end,
      isolation = excluded.isolation, on_worker_loss = excluded.on_worker_loss, on_worker_stop = excluded.on_worker_stop,
      published_by = excluded.published_by, published_at = excluded.published_at,
      release = excluded.release, modified_at = excluded.modified_at, package = excluded.package
    where pulp.release_rank(excluded) >= pulp.release_rank(known);

  -- An older one that names no release still knows of its secrets.
  update pulp.task_type known set schema = pulp.with_secrets_of(known.schema, t -> 'schema')
    from jsonb_array_elements(task_types) as t
    where known.name = t ->> 'name' and known.release is null
      and not coalesce(known.schema -> 'secrets', '[]') @> coalesce(t -> 'schema' -> 'secrets', '[]');
end $$;
comment on function pulp.publish_task_types is 'Publishes the task types that a worker knows.';
