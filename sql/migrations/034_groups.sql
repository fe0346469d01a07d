-- Groups of tasks. Any text that tasks are enqueued with makes a group; one that was created has a description, an owner, and an end.

alter index pulp.task_group rename to task_group_uuid; -- a view has its name

create table pulp.created_group (
  id text primary key collate "C",
  description text,
  owner text,
  dispatched boolean not null,
  created_at timestamptz not null,
  created_by text,
  dispatched_at timestamptz,
  version integer not null
);
create index created_group_uuid on pulp.created_group (pulp.name_uuid(id));
comment on table pulp.created_group is 'Groups that were created. The fold of the streams system/group/…; with its numbers each is in pulp.task_group.';
comment on column pulp.created_group.id is 'What its tasks are enqueued with.';
comment on column pulp.created_group.description is 'What it is, in words.';
comment on column pulp.created_group.owner is 'Whose it is.';
comment on column pulp.created_group.dispatched is 'Whether all its tasks are enqueued: none comes any more but from those that are in it.';
comment on column pulp.created_group.created_at is 'When it was created.';
comment on column pulp.created_group.created_by is 'Who created it.';
comment on column pulp.created_group.dispatched_at is 'Since when all its tasks are enqueued.';
comment on column pulp.created_group.version is 'Number of events in its stream.';

create table pulp.group_flow (
  group_id text not null collate "C",
  owner text,
  state text not null collate "C",
  number bigint not null,
  is_sum boolean not null default false
) with (
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_insert_threshold = -1,
  autovacuum_analyze_threshold = 100000
);
alter table pulp.group_flow replica identity full; -- a publication of all tables refuses changes of rows that nothing tells apart
create index group_flow_group on pulp.group_flow (group_id);
create index group_flow_uuid on pulp.group_flow (pulp.name_uuid(group_id));
create index group_flow_added on pulp.group_flow (group_id) where not is_sum;
comment on table pulp.group_flow is 'How many tasks came into a group, and into which final states; what was taken back is negative. As in pulp.task_flow every transaction adds rows of its own, which are put together from time to time.';
comment on column pulp.group_flow.group_id is 'The group.';
comment on column pulp.group_flow.owner is 'Whose tasks.';
comment on column pulp.group_flow.state is 'A final state; empty: in the group, in whatever state.';
comment on column pulp.group_flow.number is 'How many.';
comment on column pulp.group_flow.is_sum is 'Whether it is put together from others.';

-- What is there. Whoever changes tasks just now has ended before, and who comes later counts.
lock table pulp.task in share row exclusive mode;
insert into pulp.group_flow (group_id, owner, state, number, is_sum)
select t.group_id, t.owner, s.state, count(*), true
from pulp.task t
cross join lateral (select '' as state union all select t.state where t.finished_at is not null) s
where t.group_id is not null
group by 1, 2, 3;
