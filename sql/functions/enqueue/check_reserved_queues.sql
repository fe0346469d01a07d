-- Refuses a queue named as one of a reserved worker, of a name that no worker ever had: tasks would wait there for nobody, and queues
-- would pile up that everybody looks at. Elements may be null.
create or replace function pulp.check_reserved_queues(queues text[]) returns void
language plpgsql stable as $$
declare
  unknown record;
begin
  select q.ordinality - 1 as index, q.name into unknown
    from unnest(queues) with ordinality as q(name, ordinality)
    where pulp.is_reserved_worker(q.name) and (select 1 from pulp.worker w where w.name = q.name) is null
    order by q.ordinality limit 1;
  if found then
    raise exception 'queue: no worker "%" has ever come up', unknown.name using errcode = 'PU004',
      detail = jsonb_build_object('item', unknown.index),
      hint = 'Leave the queue out: tasks of the default queue go to reserved workers. Or start that worker first; nothing was enqueued.';
  end if;
end $$;
comment on function pulp.check_reserved_queues is 'Refuses queues of reserved workers that never were.';
