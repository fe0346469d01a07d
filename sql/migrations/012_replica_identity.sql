-- What is updated or deleted from can be published: a publication of all tables refuses changes of rows that nothing tells
-- apart.
alter table pulp.reservation_waiting replica identity using index reservation_line;
alter table pulp.reservation_granted add primary key (task_id, resource);
drop index pulp.reservation_granted_task; -- the key serves for it
