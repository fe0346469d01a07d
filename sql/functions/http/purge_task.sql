-- Takes one task that is over from pulp.task; says whether it did. One that is not over stays; an unknown one is refused.
create or replace function pulp.purge_task(task uuid) returns boolean
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  if not exists (select from pulp.task t where t.id = purge_task.task) then
    raise exception 'there is no task %', task using errcode = 'PU002', hint = 'Check the id: pulp task list shows those known.';
  end if;
  return pulp.purge_rows(array[task], 'infinity', '{completed,failed,canceled,skipped}') = 1;
end $$;
comment on function pulp.purge_task is 'Takes one task that is over from pulp.task.';
