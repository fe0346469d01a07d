-- Refuses to enqueue under ids, parents and correlations of others, where owners are apart. Elements may be null.
create or replace function pulp.check_owner(owner text, ids uuid[], parent_ids uuid[], correlation_ids text[]) returns void
language plpgsql stable as $$
#variable_conflict use_column
declare
  foreign_ones record;
begin
  select i.ordinality - 1 as index, problem into foreign_ones
    from unnest(ids, parent_ids, correlation_ids) with ordinality as i(id, parent_id, correlation_id, ordinality)
    cross join lateral (
      select case
        when (select t.owner is distinct from check_owner.owner from pulp.task t where t.id = i.id) then 'id: it is taken'
        when i.parent_id is not null
          and (select t.owner from pulp.task t where t.id = i.parent_id) is distinct from check_owner.owner
          then format('parent_id: you have no task %s', i.parent_id)
        when i.correlation_id <> i.id::text and (
            exists (
              select from pulp.task t
              where t.correlation_id = i.correlation_id and t.correlation_id <> t.id::text and t.owner is distinct from check_owner.owner)
            or pulp.is_uuid(i.correlation_id) and (
              select t.owner is distinct from check_owner.owner from pulp.task t where t.id = i.correlation_id::uuid))
          then 'correlation_id: it is another owner''s' end as problem
    ) p
    where problem is not null
    order by i.ordinality limit 1;
  if found then
    raise exception '%', foreign_ones.problem using errcode = 'PU022', detail = jsonb_build_object('item', foreign_ones.index),
      hint = 'Name only what is your own, or leave it out; nothing was enqueued.';
  end if;
end $$;
comment on function pulp.check_owner is 'Refuses to enqueue under ids, parents and correlations of others.';
