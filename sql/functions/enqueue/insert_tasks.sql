-- Makes the rows of tasks by their facts of TaskEnqueued, but of those that are there already, and counts them. Gives the positions of those
-- that it made, and which of them can be delivered, claim something, wait for their time, and are in groups. "common" is what all facts say.
-- With "are_given", others may have these ids or unique keys, too.
create or replace function pulp.insert_tasks(
  common jsonb, enqueued_at timestamptz, ids uuid[], positions bigint[], facts jsonb[], correlation_ids text[], are_given boolean
) returns table (inserted bigint[], deliverable uuid[], claiming bigint[], deferred uuid[], grouped uuid[])
language plpgsql as $$
begin
  return query
  with inserted as (
    insert into pulp.task as t
    select e.* from (
      select x.id, x.position, common || x.facts as facts, x.correlation_id
      from unnest(ids, positions, facts, correlation_ids) as x(id, position, facts, correlation_id)
      -- Ids and keys that others may enqueue at this moment, too, in one order by all: so that nobody waits for who waits for him.
      order by case when are_given then x.facts ->> 'unique_key' end, case when are_given then x.id end
      offset 0 -- put together once for all its keys
    ) s
    cross join lateral pulp.tasks_after(null, s.position, s.id::text, 1, 'TaskEnqueued', s.facts, s.correlation_id, insert_tasks.enqueued_at) e
    on conflict do nothing -- of an id that is there twice, the first is taken
    returning t.id, t.position, t.queue, t.name, t.run_after is not null as is_deferred, not pulp.has_claims(t) as is_free,
      t.group_id is not null as is_grouped
  ),
  counted as (
    insert into pulp.task_flow (queue, name, before, after, cause, number)
    select i.queue, i.name, '', case when i.is_deferred then 'delayed' when i.is_free then 'claimable' else 'blocked' end, 'enqueued',
      count(*)
    from inserted i
    group by i.queue, i.name, i.is_deferred, i.is_free
  )
  select array_agg(i.position order by i.position),
    array_agg(i.id order by i.position) filter (where i.is_free and not i.is_deferred),
    array_agg(i.position) filter (where not i.is_free and not i.is_deferred),
    array_agg(i.id order by i.position) filter (where i.is_deferred),
    array_agg(i.id) filter (where i.is_grouped)
  from inserted i;
end $$;
comment on function pulp.insert_tasks is 'Makes the rows of tasks that are enqueued.';
