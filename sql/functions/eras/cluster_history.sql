-- Which history of which cluster this server is in. Null: it does not tell. The timeline is the one that it writes now: that in
-- the control file is behind until the first checkpoint after a promotion.
create or replace function pulp.cluster_history(out system_identifier bigint, out timeline integer)
language plpgsql stable set search_path = pulp, pg_temp as $$
begin
  begin
    select s.system_identifier into system_identifier from pg_control_system() s;
  exception when insufficient_privilege then -- some who run servers for others keep it to themselves
  end;
  begin
    timeline := ('x' || left(pg_walfile_name('0/1'), 8))::bit(32)::integer;
  exception when insufficient_privilege or object_not_in_prerequisite_state then -- the latter: a standby
  end;
end $$;
comment on function pulp.cluster_history is 'Which history of which cluster this server is in.';
