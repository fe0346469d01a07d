-- The next range of tasks in the order of their ids, with about so many events: where it ends (null: it is the last), and how
-- many events that are.
create or replace function pulp.fold_range(after text, size integer, out upto text, out events integer)
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  select count(*), max(s.stream_id) into events, upto
    from (
      select e.stream_id from pulp.event e
      where e.stream_kind = 'task' and (fold_range.after is null or e.stream_id > fold_range.after)
      order by e.stream_id, e.version limit size
    ) s;
  if events < size or not pulp.is_uuid(upto) then
    upto := null;
  end if;
end $$;
comment on function pulp.fold_range is 'The next range of tasks with about so many events.';
