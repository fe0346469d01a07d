-- What the limits of its resource mean for a waiting claim, or null if it has none or they let it be granted. "lacks" says of what there is
-- not enough: capacity (it asks for more units than there are), units (others hold them, or stand before it), or rate (then next_at says when
-- a claim is granted again).
create or replace function pulp.limit_outlook(claim pulp.reservation_waiting) returns jsonb
language plpgsql stable as $$
declare
  known pulp.resource_limit;
  room bigint;
  older record;
begin
  select * into known from pulp.resource_limit l where l.resource = claim.resource;
  if not found or exists (select from pulp.admitted(known) a where a.task_id = claim.task_id) then
    return null;
  end if;
  room := pulp.units_free(known);
  select count(*) as number, coalesce(sum(pulp.units_taken(w.mode, w.units, known.capacity)), 0) as units into older
    from (
      select x.mode, x.units from pulp.reservation_waiting x
      where x.resource = claim.resource and x.position < claim.position order by x.position limit 1000
    ) w;
  return jsonb_build_object(
    'lacks', case
      when claim.mode <> 'exclusive' and claim.units > known.capacity then 'capacity'
      when pulp.units_taken(claim.mode, claim.units, known.capacity) + older.units > room then 'units'
      else 'rate' end,
    'capacity', known.capacity,
    'units', case claim.mode when 'exclusive' then known.capacity else coalesce(claim.units, 1) end,
    'units_free', case when known.capacity is not null then greatest(room, 0) end,
    'rate', known.rate, 'per_seconds', known.per_seconds,
    'before', older.number,
    'next_at', (select min(u.free_again_at) from pulp.rate_use u where u.resource = claim.resource and u.free_again_at > clock_timestamp()));
end $$;
comment on function pulp.limit_outlook is 'What the limits of its resource mean for a waiting claim.';
