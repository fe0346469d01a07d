-- Begins the next era; gives its number. Called where one is due, and by an administrator who put back the files of a whole server,
-- which no server can tell by itself. Those who have appended by the offset before are waited for, and those who are about to wait
-- until this commits: an append is either in order before the new era, and seen by whoever sees that, or in it.
--
-- Ids go on at the number of microseconds since 2000, if they are not beyond it. So they lie above all that any other history of this
-- log, of which nothing is known here, has given out before now, unless it gave out more than a million a second.
create or replace function pulp.begin_era(reason text) returns bigint
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  before pulp.era;
  here record;
  last record;
  undecided xid8;
  now constant bigint := extract(epoch from clock_timestamp() - timestamptz '2000-01-01 00:00:00+00') * 1000000;
  floor bigint;
  begun pulp.era;
begin
  perform pg_advisory_xact_lock(pulp.lock_class('era'), 0);
  alter sequence pulp.era_offset restart; -- waits, and keeps others waiting
  before := pulp.current_era();
  here := pulp.cluster_history();
  last := pulp.last_event();
  if before.log = 'pulp.era'::regclass and before.system_identifier is not distinct from here.system_identifier
    and before.timeline <> here.timeline then
    undecided := pulp.first_undecided(before, last.tx);
  end if;

  floor := greatest(now, pg_snapshot_xmin(pg_current_snapshot())::text::bigint + before.tx_offset, before.first_tx::text::bigint,
    last.tx::text::bigint, (select s.last_value from pulp.event_position s), last.position, before.first_position) + 1048576;
  floor := floor - floor % pulp.block_size();
  perform setval('pulp.event_position', floor, false);
  begun := row(greatest(now / 1000, before.number + 1), reason, here.system_identifier, here.timeline, 'pulp.era'::regclass,
    floor - pg_snapshot_xmin(pg_current_snapshot())::text::bigint, floor::text, floor,
    coalesce(undecided, last.tx, before.first_tx), case when undecided is null then coalesce(last.position, 0) else 0 end,
    clock_timestamp());
  perform setval('pulp.era_offset', begun.tx_offset);
  insert into pulp.era select begun.*;
  perform set_config('pulp.era_known', 'yes', false);

  perform pulp.need_event_leaf('event_system');
  insert into pulp.event_single (stream_kind, stream_id, version, type, data, actor)
    select 'system', 'era', coalesce(max(e.version), 0) + 1, 'EraBegun', jsonb_strip_nulls(jsonb_build_object(
        'number', begun.number, 'reason', reason, 'system_identifier', begun.system_identifier::text, 'timeline', begun.timeline,
        'first_tx', begun.first_tx::text, 'first_position', begun.first_position,
        'cut_tx', begun.cut_tx::text, 'cut_position', begun.cut_position)), pulp.actor()
    from pulp.event_single e where e.stream_kind = 'system' and e.stream_id = 'era';
  return begun.number;
end $$;
comment on function pulp.begin_era is 'Begins the next era; gives its number.';
