-- Refuses names that no worker has published, naming the nearest that were, or that none can publish.
create or replace function pulp.check_task_types(names text[]) returns void
language plpgsql stable security definer set search_path = pulp, pg_temp as $$
declare
  missing text;
  problem text;
  near text[];
begin
  select n.name into missing
    from (select distinct unnest(names) as name) n
    where not exists (select from pulp.task_type t where t.name = n.name)
    order by n.name limit 1;
  if not found then
    return;
  end if;
  problem := pulp.item_problem(jsonb_build_object('name', missing));
  if problem is not null then
    raise exception '%', problem using errcode = 'PU004', hint = 'Correct this value; nothing was enqueued.';
  end if;
  near := pulp.near_task_types(missing);
  raise exception 'unknown task type "%"%', missing,
    case when near <> '{}' then format(': did you mean %s?', array_to_string(near, ', ')) else ': no worker has published it' end
    using errcode = 'PU005', detail = missing,
      hint = 'Start a worker that has it, or enqueue it unchecked (--unchecked; in SQL the option "unchecked": true).';
end $$;
comment on function pulp.check_task_types is 'Refuses names of task types that no worker has published.';
