-- Counts tasks that are enqueued into groups; refuses those that may not come into one that was created: where all its tasks are
-- dispatched, only its own that are not over enqueue more. Until the commit nobody can say that all are dispatched. A refusal names the place
-- among "asked".
create or replace function pulp.enter_groups(ids uuid[], asked uuid[]) returns void
language plpgsql as $$
declare
  refused record;
begin
  -- Who creates one of these groups at this moment is waited for, and waits for this transaction.
  perform pg_advisory_xact_lock_shared(pulp.lock_class('group'), k.key)
    from (
      select distinct pulp.group_lock(t.group_id) as key from unnest(ids) as i(id)
      cross join lateral (select x.group_id from pulp.task x where x.id = i.id and x.group_id is not null offset 0) t
      order by key
    ) k;
  if current_setting('transaction_isolation') <> 'read committed' then
    perform pulp.refuse_unseen_groups(array(
      select distinct t.group_id from unnest(ids) as i(id)
      cross join lateral (select x.group_id from pulp.task x where x.id = i.id and x.group_id is not null offset 0) t));
  end if;
  with entering as materialized (
    select t.* from unnest(ids) as i(id)
    cross join lateral (
      select x.id, x.group_id, x.owner, x.parent_id, x.options ? 'finally' as is_last from pulp.task x where x.id = i.id offset 0
    ) t
    where t.group_id is not null
  ),
  known as materialized (
    select g.* from (select distinct group_id from entering) e
    cross join lateral (select x.id, x.owner, x.dispatched from pulp.created_group x where x.id = e.group_id for share) g
  ),
  counted as (
    insert into pulp.group_flow (group_id, owner, state, number)
    select e.group_id, e.owner, '', count(*) from entering e group by e.group_id, e.owner
  )
  select e.group_id, array_position(asked, e.id) - 1 as place, k.id is null as is_unknown, k.dispatched and not pulp.is_member_at_work(e.parent_id, e.group_id) as is_late
    into refused
    from entering e left join known k on k.id = e.group_id
    where k.id is null and e.is_last
      or k.dispatched and not pulp.is_member_at_work(e.parent_id, e.group_id)
      or k.owner is distinct from e.owner and k.id is not null and not pulp.acts_for(k.owner)
    order by place limit 1;
  if not found then
    return;
  elsif refused.is_unknown then
    raise exception 'finally: no group "%" was created', refused.group_id using errcode = 'PU042',
      detail = jsonb_build_object('item', refused.place),
      hint = 'Create it first (`pulp group create`), so that it can be said when all its tasks are there; nothing was enqueued.';
  elsif refused.is_late then
    raise exception 'group: all tasks of "%" are dispatched', refused.group_id using errcode = 'PU044',
      detail = jsonb_build_object('item', refused.place),
      hint = 'Only its own tasks can enqueue more while they run. Take another group; nothing was enqueued.';
  end if;
  raise exception 'group: "%" is another owner''s', refused.group_id using errcode = 'PU022',
    detail = jsonb_build_object('item', refused.place), hint = 'Take another name; nothing was enqueued.';
end $$;
comment on function pulp.enter_groups is 'Counts tasks that are enqueued into groups.';
