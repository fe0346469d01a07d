-- The facts of these tasks (TaskEnqueued, beside what they have in common), which share the resources of their queue and type where these
-- are limited, beside what they claim themselves.
create or replace function pulp.claiming_limited(common jsonb, facts jsonb[]) returns jsonb[]
language plpgsql stable as $$
begin
  return array(
    select f.own || case when l.resources <> '[]' then jsonb_build_object('shared_resources', pulp.claimed_names(
        coalesce(f.own -> 'shared_resources', common -> 'shared_resources') || l.resources,
        coalesce(f.own -> 'exclusive_resources', common -> 'exclusive_resources'))) else '{}' end
    from unnest(facts) with ordinality as f(own, ordinality)
    cross join lateral (
      select coalesce(jsonb_agg(x.resource), '[]') as resources from pulp.resource_limit x
      where x.resource in (
        pulp.queue_resource(coalesce(f.own ->> 'queue', common ->> 'queue')),
        pulp.type_resource(coalesce(f.own ->> 'name', common ->> 'name')))
    ) l
    order by f.ordinality);
end $$;
comment on function pulp.claiming_limited is 'The facts of tasks which share the limited resources of their queue and type.';
