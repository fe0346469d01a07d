-- Says how many units there are of a resource: an exclusive claim takes all of them, a shared one takes one, or as many as it asks for.
-- Null: there is no limit any more. What is held already stays held, also where there are fewer units now. For operators.
create or replace function pulp.set_capacity(resource text, capacity integer, reason text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  if capacity not between 1 and 1000000 then
    raise exception 'capacity: must be an integer between 1 and 1000000, or null for no limit' using errcode = 'PU004',
      hint = 'To have nothing of it begin, pause the resource; nothing was changed.';
  end if;
  perform pulp.change_limit(resource, 'CapacityChanged', jsonb_build_object('capacity', capacity), reason);
end $$;
comment on function pulp.set_capacity is 'Says how many units there are of a resource.';
