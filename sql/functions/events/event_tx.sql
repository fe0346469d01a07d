-- By which transaction an event that is appended now is put in order, in the log's terms. An older transaction may append to a stream
-- last, when a younger one has appended to it and ended. So that events of a stream are in order by (tx, position) too, an
-- event bears the youngest transaction that had ended by then, if that is younger than its own. Nothing is lost by it: an
-- event is as little decided before that one is as before its own. To be asked before a position is drawn.
create or replace function pulp.event_tx() returns xid8
language sql as $$
  select case when current_setting('pulp.era_known', true) = 'yes' or pulp.know_era() then -- the planner takes it in
    (pg_sequence_last_value('pulp.era_offset')
      + greatest(pg_current_xact_id()::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1))::text::xid8 end
$$;
comment on function pulp.event_tx is 'By which transaction an event that is appended now is put in order.';
