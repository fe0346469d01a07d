-- These facts of TaskEnqueued, where what comes after a task of the same enqueue for which another stands comes after that one. What was asked
-- for stays beside it, as "asked_after": asked for again, it is known to be the same. "common" is what all of them say.
create or replace function pulp.after_standing(ids uuid[], standing uuid[], common jsonb, facts jsonb[]) returns jsonb[]
language plpgsql immutable set enable_hashjoin = on as $$
begin
  return array(
    with replaced as (
      select i.id, (array_agg(i.stands order by i.ordinality))[1] as stands
      from unnest(ids, standing) with ordinality as i(id, stands, ordinality)
      group by i.id having i.id <> all (array_agg(i.stands)) -- one that is there twice may stand for itself all the same
    )
    select i.facts || coalesce(a.changed, '{}')
    from unnest(facts) with ordinality as i(facts, ordinality)
    cross join lateral (select (common || i.facts) -> 'options' as options offset 0) o
    left join lateral (
      select jsonb_build_object('options', o.options || jsonb_build_object(
          'asked_after', o.options -> 'after', 'after', jsonb_agg(coalesce(r.stands::text, p.parent) order by p.place))) as changed
      from jsonb_array_elements_text(o.options -> 'after') with ordinality as p(parent, place)
      left join replaced r on r.id = p.parent::uuid
      having count(r.id) > 0
    ) a on true
    order by i.ordinality);
end $$;
comment on function pulp.after_standing is 'These facts of TaskEnqueued, where what comes after a task comes after the one that stands for it.';
