-- Puts the row of the leadership right, from the log. Gives whether it was wrong.
create or replace function pulp.rebuild_leader() returns boolean
language plpgsql set search_path = pulp, pg_temp as $$
declare
  told pulp.leader;
begin
  perform from pulp.leader l for no key update;
  select (d.leader_told).* into told from pulp.fold_leader_differences() d where d.refusal is null;
  if not found then
    return false;
  end if;
  delete from pulp.leader l where l.role is distinct from told.role;
  if told.role is not null then
    insert into pulp.leader select told.* on conflict (role) do nothing;
    execute format('update pulp.leader x set %s from (select ($1).*) f', pulp.rebuild_assignments('pulp.leader')) using told;
  end if;
  return true;
end $$;
comment on function pulp.rebuild_leader is 'Puts the row of the leadership right, from the log.';
