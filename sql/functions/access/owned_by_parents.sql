-- These facts of TaskEnqueued, where tasks with a parent are the parent's owner's: what a task enqueues belongs to whom it runs for.
create or replace function pulp.owned_by_parents(facts jsonb[], parent_ids uuid[]) returns jsonb[]
language plpgsql stable as $$
begin
  return array(
    select case when t.owner is null then i.facts else i.facts || jsonb_build_object('owner', t.owner) end
    from unnest(facts, parent_ids) with ordinality as i(facts, parent_id, ordinality)
    left join lateral (select x.owner from pulp.task x where x.id = i.parent_id offset 0) t on true
    order by i.ordinality);
end $$;
comment on function pulp.owned_by_parents is 'These facts, where tasks with a parent are the parent''s owner''s.';
