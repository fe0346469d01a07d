-- Below which tx all of the log is decided: what is there was committed, and nothing can be added.
create or replace function pulp.log_horizon() returns xid8
language plpgsql stable set search_path = pulp, pg_temp as $$
begin
  if pulp.is_era_over() then
    return (coalesce((pulp.last_event()).tx::text::bigint, 0) + 1)::text::xid8;
  end if;
  return (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + (pulp.current_era()).tx_offset)::text::xid8;
end $$;
comment on function pulp.log_horizon is 'Below which tx all of the log is decided.';
