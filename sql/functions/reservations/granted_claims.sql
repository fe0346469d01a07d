-- The claims that these tasks hold.
create or replace function pulp.granted_claims(ids uuid[]) returns pulp.reservation[]
language plpgsql stable as $$
begin
  return array(
    select g::pulp.reservation from unnest(ids) as i(id)
    cross join lateral (select x.* from pulp.reservation_granted x where x.task_id = i.id offset 0) g);
end $$;
comment on function pulp.granted_claims is 'The claims that these tasks hold.';
