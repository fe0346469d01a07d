-- What the claims of a task that stands in line wait for: for each, who holds the resource in a way that conflicts (where units are
-- wanting, everybody who holds some), what its limits say (see pulp.limit_outlook), and
-- which conflicting claims stand before it. Counting ends at a thousand; the first three are named, and every holder that is
-- an ancestor of the task, since neither ends if that one waits for this one. For those before it, also the resources that they
-- wait for themselves: nobody may hold this one, and its first in line wait for another.
create or replace function pulp.claim_outlook(task uuid) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object(
      'resource', c.resource, 'mode', c.mode, 'requested_at', c.requested_at,
      'met', holders.number = 0 and older.number = 0 and limits.outlook is null,
      'units', c.units,
      'limit', limits.outlook,
      'holders', holders.number,
      'held_by', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', t.id, 'name', t.name, 'state', t.state, 'mode', h.mode, 'granted_at', h.granted_at,
            'worker', t.worker, 'started_at', t.started_at, 'hold', t.hold,
            'is_ancestor', h.task_id = any (family.ancestors)
          ) order by h.granted_at, t.id), '[]')
        from (
          select g.task_id, g.mode, g.granted_at
          from unnest(family.ancestors) as ancestor
          join pulp.reservation_granted g on g.resource = c.resource and g.task_id = ancestor
          where limits.conflict or 'exclusive' in (c.mode, g.mode)
          union
          (select g.task_id, g.mode, g.granted_at from pulp.reservation_granted g
            where g.resource = c.resource and (limits.conflict or 'exclusive' in (c.mode, g.mode)) limit 3)
        ) h
        cross join lateral pulp.claimant(h.task_id) t),
      'before', older.number,
      'first_before', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', t.id, 'name', t.name, 'state', t.state, 'mode', o.mode, 'requested_at', o.requested_at, 'hold', t.hold,
            'waits_for', (
              select coalesce(jsonb_agg(x.resource order by x.resource), '[]') from pulp.reservation_waiting x
              where x.task_id = t.id and not pulp.is_met(x))
          ) order by o.position), '[]')
        from pulp.older_claims(c, 3) o
        cross join lateral pulp.claimant(o.task_id) t)
    ) order by holders.number = 0, older.number = 0, c.resource), '[]')
  from pulp.reservation_waiting c
  cross join (select array(select pulp.ancestors(claim_outlook.task)) as ancestors) family
  cross join lateral (
    select l.outlook, coalesce(l.outlook ->> 'lacks' = 'units', false) as conflict
    from (select pulp.limit_outlook(c) as outlook offset 0) l
  ) limits
  cross join lateral (
    select count(*) as number
    from (
      select from pulp.reservation_granted g
      where g.resource = c.resource and (limits.conflict or 'exclusive' in (c.mode, g.mode)) limit 1000
    ) g
  ) holders
  cross join lateral (select count(*) as number from pulp.older_claims(c, 1000)) older
  where c.task_id = claim_outlook.task
$$;
comment on function pulp.claim_outlook is 'What the claims of a task that stands in line wait for.';
