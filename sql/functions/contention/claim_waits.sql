-- The claims that stood at any time during a period, see claim_lives, with the moment until which each waited for its
-- resource: until the last older claim that conflicts with it was gone, or its own stay in line ended. Null if there was no
-- such claim, or it was gone before the period began. Where a resource has a capacity or a rate at present, all older claims count. One
-- whose run was interrupted stands twice at its position.
create or replace function pulp.claim_waits(begins timestamptz, ends timestamptz, of_resource text)
returns table (
  resource text, mode text, task_id uuid, name text, worker text, "position" bigint, requested_at timestamptz,
  granted_at timestamptz, ended_at timestamptz, blocked_until timestamptz
)
language sql stable rows 1000 as $$
  select l.resource, l.mode, l.task_id, l.name, l.worker, l.position, l.requested_at, l.granted_at, l.ended_at,
    case when least(l.free_from, l.left_line_at) > greatest(l.requested_at, begins) then least(l.free_from, l.left_line_at) end
  from (
    select x.*, coalesce(x.granted_at, x.ended_at, ends) as left_line_at,
      coalesce(case
        when x.mode = 'exclusive' or x.is_limited then max(coalesce(x.ended_at, ends)) over older
        else max(coalesce(x.ended_at, ends)) filter (where x.mode = 'exclusive') over older end, '-infinity') as free_from
    from (
      select c.*, c.resource = any (array(select r.resource from pulp.resource_limit r)) as is_limited
      from pulp.claim_lives(begins, of_resource) c
    ) x
    window older as (
      partition by x.resource order by x.position, x.requested_at rows between unbounded preceding and 1 preceding)
  ) l
$$;
comment on function pulp.claim_waits is 'The claims that stood during a period, and until when they waited.';
