-- The groups with their numbers, those that were created and those that tasks were enqueued with. No task is counted but those that run.
create or replace view pulp.task_group as
with at_work as materialized (
  select t.group_id, count(*) filter (where t.state = 'running') as running, count(*) filter (where t.state = 'canceling') as canceling
  from pulp.running r
  cross join lateral (select x.group_id, x.owner, x.state from pulp.task x where x.id = r.task_id offset 0) t
  where t.group_id is not null and ((select pulp.sees_all()) or pulp.acts_for(t.owner))
  group by t.group_id
)
select g.id, c.description, c.owner, coalesce(c.dispatched, false) as dispatched, c.created_at, c.dispatched_at,
  n.members, n.members - n.over - coalesce(w.running, 0) - coalesce(w.canceling, 0) as waiting,
  coalesce(w.running, 0) as running, coalesce(w.canceling, 0) as canceling, n.completed, n.failed, n.canceled, n.skipped
from (select x.id from pulp.created_group x union select f.group_id from pulp.group_flow f) g
left join pulp.created_group c on c.id = g.id and ((select pulp.sees_all()) or pulp.acts_for(c.owner))
cross join lateral (
  select coalesce(sum(f.number) filter (where f.state = ''), 0)::bigint as members,
    coalesce(sum(f.number) filter (where f.state <> ''), 0)::bigint as over,
    coalesce(sum(f.number) filter (where f.state = 'completed'), 0)::bigint as completed,
    coalesce(sum(f.number) filter (where f.state = 'failed'), 0)::bigint as failed,
    coalesce(sum(f.number) filter (where f.state = 'canceled'), 0)::bigint as canceled,
    coalesce(sum(f.number) filter (where f.state = 'skipped'), 0)::bigint as skipped
  from pulp.group_flow f
  where f.group_id = g.id and ((select pulp.sees_all()) or pulp.acts_for(f.owner))
) n
left join at_work w on w.group_id = g.id
where c.id is not null or n.members > 0;
comment on view pulp.task_group is 'Groups of tasks with the numbers of those in each state, as far as they were not purged. Cheap for one of them, however many tasks it has.';
comment on column pulp.task_group.id is 'What its tasks are enqueued with.';
comment on column pulp.task_group.description is 'What it is, in words.';
comment on column pulp.task_group.owner is 'Whose it is; null of one that was not created.';
comment on column pulp.task_group.dispatched is 'Whether all its tasks are enqueued: none comes any more but from those that are in it.';
comment on column pulp.task_group.created_at is 'When it was created; null: tasks were enqueued with it, and that is all.';
comment on column pulp.task_group.dispatched_at is 'Since when all its tasks are enqueued.';
comment on column pulp.task_group.members is 'How many tasks it has.';
comment on column pulp.task_group.waiting is 'How many of them wait.';
comment on column pulp.task_group.running is 'How many run.';
comment on column pulp.task_group.canceling is 'How many are being canceled.';
comment on column pulp.task_group.completed is 'How many completed.';
comment on column pulp.task_group.failed is 'How many failed.';
comment on column pulp.task_group.canceled is 'How many were canceled.';
comment on column pulp.task_group.skipped is 'How many were skipped.';
