-- Has what was created by tasks that have failed or were canceled told to their types, if these want to know: by a task of the type
-- NAME.abandoned, which claims it, so that nobody else touches it before.
create or replace function pulp.tell_abandoned(ids uuid[]) returns void
language plpgsql as $$
declare
  items jsonb;
begin
  items := (
    select jsonb_agg(jsonb_build_object(
      'name', k.name, 'kwargs', jsonb_build_object('task', t.id, 'state', t.state, 'created', t.created),
      'resources', case when jsonb_array_length(t.created) <= 256 then t.created else '[]' end,
      'queue', case when pulp.is_reserved_worker(t.queue) then 'default' else t.queue end, 'priority', t.priority,
      'correlation_id', t.correlation_id, 'parent_id', t.id, 'owner', t.owner, 'unchecked', true))
    from unnest(ids) as i(id)
    cross join lateral (
      select x.id, x.name, x.state, x.queue, x.priority, x.correlation_id, x.owner, x.reported -> 'created' as created
      from pulp.task x where x.id = i.id and x.reported ? 'created' offset 0
    ) t
    cross join lateral (select y.name from pulp.task_type y where y.name = t.name || '.abandoned' offset 0) k);
  if items is not null then
    perform pulp.enqueue_columns(items => case when pulp.acts_for_all() then items else (
      select jsonb_agg(i.item - 'owner') from jsonb_array_elements(items) as i(item)) end);
  end if;
end $$;
comment on function pulp.tell_abandoned is 'Has what was created by tasks that have failed or were canceled told to their types.';
