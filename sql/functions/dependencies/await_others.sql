-- Notes what these deferred tasks wait for, of those that wait for others. A task that they come after may end beside: so the leader
-- looks at each once this is committed, but for those that are enqueued with it.
create or replace function pulp.await_others(ids uuid[]) returns void
language plpgsql as $$
begin
  with awaited as (
    insert into pulp.dependency (kind, name, task_id)
    select a.kind, a.name, t.id
    from unnest(ids) as i(id)
    cross join lateral (select x.* from pulp.task x where x.id = i.id offset 0) t
    cross join lateral pulp.awaited_by(t) a
    on conflict do nothing
    returning kind, name
  )
  insert into pulp.ending (kind, name)
    select distinct a.kind, a.name from awaited a
    where a.kind = 'group' or a.name <> all (array(select unnest(ids)::text));
end $$;
comment on function pulp.await_others is 'Notes what tasks wait for that wait for others.';
