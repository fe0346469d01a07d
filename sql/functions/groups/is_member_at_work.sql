-- Whether a task is one of a group and not over; of no task, it is not.
create or replace function pulp.is_member_at_work(task uuid, id text) returns boolean
language sql stable as $$
  select exists (select from pulp.task t where t.id = task and t.group_id = is_member_at_work.id and t.finished_at is null)
$$;
comment on function pulp.is_member_at_work is 'Whether a task is one of a group and not over.';
