-- These facts of TaskEnqueued, where tasks that come after others, or last in their group, wait until that is so: unless it is already.
-- Refuses to come after tasks that are not there, or in a circle. "common" is what all of them say; a refusal names the one of "places", from 1,
-- where it was asked for.
create or replace function pulp.awaiting_facts(ids uuid[], common jsonb, facts jsonb[], places bigint[]) returns jsonb[]
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_hashjoin = on as $$
declare
  links record;
  missing record;
  circle uuid[];
  by_group record;
begin
  select array_agg(l.ordinality) as rows, array_agg(l.place) as places, array_agg(l.child) as children, array_agg(l.parent) as parents,
      array_agg(here.id is not null) as are_here, array_agg(here.first < l.ordinality) as are_before, array_agg(l.until) as ends,
      array_agg(l.group_id) as groups
    into links
    from (
      select i.ordinality, i.place, i.id as child, parent::uuid as parent, (common || i.facts) #>> '{options,on}' as until,
        case when (common || i.facts) #> '{options,finally}' is null then (common || i.facts) ->> 'group_id' end as group_id
      from unnest(ids, facts, places) with ordinality as i(id, facts, place, ordinality)
      cross join lateral jsonb_array_elements_text((common || i.facts) #> '{options,after}') as parent
    ) l
    left join (select i.id, min(i.ordinality) as first from unnest(ids) with ordinality as i(id, ordinality) group by i.id) here
      on here.id = l.parent;

  -- Who comes after tasks that stand before it cannot be in a circle: others were there first.
  if not true = all (links.are_before) then
    circle := pulp.dependency_circle(links.children, links.parents);
  end if;
  if circle is not null then
    raise exception 'after: these wait for each other in a circle: %', array_to_string(circle, ' after ') using errcode = 'PU041',
      detail = jsonb_build_object('item', links.places[array_position(links.children, circle[1])] - 1), hint = 'Have one of them not wait; nothing was enqueued.';
  end if;

  if array_remove(links.groups, null) <> '{}' then
    select c.* into by_group
      from (
        select coalesce(array_agg(i.id), '{}') as ids, coalesce(array_agg((common || i.facts) ->> 'group_id'), '{}') as groups
        from unnest(ids, facts) as i(id, facts)
        where (common || i.facts) #> '{options,finally}' is not null
      ) l
      cross join lateral pulp.circle_by_group(links.children, links.parents, links.groups, l.ids, l.groups) c;
    if by_group.child is not null then
      raise exception 'after: task % would wait in a circle: it comes after task %, which waits for all others of its group', by_group.child, by_group.last
        using errcode = 'PU041', detail = jsonb_build_object('item', links.places[array_position(links.children, by_group.child)] - 1),
        hint = 'Leave it out of the group, or have it not wait; nothing was enqueued.';
    end if;
  end if;

  select l.place, l.parent as id into missing
    from unnest(links.places, links.parents, links.are_here) as l(place, parent, is_here)
    where not l.is_here and not exists (select from pulp.task t where t.id = l.parent and pulp.acts_for(t.owner))
    order by l.place limit 1;
  if found then
    raise exception 'after: there is no task %', missing.id using errcode = 'PU040', detail = jsonb_build_object('item', missing.place - 1),
      hint = 'Name tasks that are there and not purged, or that are enqueued with it; nothing was enqueued.';
  end if;

  return array(
    select case when d.awaits or (common || i.facts) #> '{options,finally}' is not null
      then i.facts || jsonb_build_object('run_after', 'infinity', 'options', (common || i.facts) -> 'options'
        || jsonb_strip_nulls(jsonb_build_object('not_before', (common || i.facts) -> 'run_after')))
      else i.facts end
    from unnest(facts) with ordinality as i(facts, ordinality)
    left join (
      select l.row, bool_or(pulp.is_end_met(t.state, l.until) is not true) as awaits
      from unnest(links.rows, links.parents, links.ends) as l(row, parent, until)
      left join lateral (select x.state from pulp.task x where x.id = l.parent offset 0) t on true
      group by l.row
    ) d on d.row = i.ordinality
    order by i.ordinality);
end $$;
comment on function pulp.awaiting_facts is 'These facts of TaskEnqueued, where tasks that come after others wait.';
