-- What follows for others when tasks are over, in this state: the leader is told of those that others wait for, and of their groups, which
-- are counted. "grouped" are those that are in groups; null: none is.
create or replace function pulp.note_endings(ids uuid[], state text, grouped uuid[]) returns void
language plpgsql as $$
begin
  -- A transaction that sees an earlier moment alone may not see who waits.
  if exists (select from pulp.dependency) or current_setting('transaction_isolation') <> 'read committed' then
    insert into pulp.ending (kind, name)
      select 'task', i.id::text from unnest(ids) as i(id)
      where (select 1 from pulp.dependency d where d.kind = 'task' and d.name = i.id::text limit 1) is not null
        or current_setting('transaction_isolation') <> 'read committed';
    if found then
      perform pulp.notify('pulp_grant', '');
    end if;
  end if;
  if grouped is not null then
    perform pulp.count_in_groups(grouped, note_endings.state);
    -- Of any group: somebody may come to wait for it beside.
    insert into pulp.ending (kind, name)
      select distinct 'group', t.group_id from unnest(grouped) as i(id)
      cross join lateral (select x.group_id from pulp.task x where x.id = i.id offset 0) t;
    if exists (select from pulp.dependency d where d.kind = 'group') then
      perform pulp.notify('pulp_grant', '');
    end if;
  end if;
end $$;
comment on function pulp.note_endings is 'What follows for others when tasks are over.';
