-- These have another argument now.
drop function if exists pulp.route_tasks(uuid[]);
drop function if exists pulp.move_jobs(uuid[]);
