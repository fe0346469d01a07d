-- Makes the leaf of a class of the log for a moment, unless it is there: called by whoever is about to append, so that
-- a log awakes by itself after the database slept for years, or when its clock is set. Where the leaf is
-- there, that takes a look into the server's own cache. Two who need the same leaf come one after the other: whoever
-- makes it in a transaction that it leaves open holds up those who need this leaf of this class, and nobody else.
create or replace function pulp.need_event_leaf(class text, moment timestamptz default clock_timestamp()) returns void
language plpgsql as $$
declare
  leaf text := pulp.event_leaf_name(class, moment);
  unit text;
  starts timestamp;
begin
  if to_regclass('pulp.' || leaf) is not null then
    return;
  end if;
  execute format('lock table only pulp.%I in share update exclusive mode', class);
  -- A leaf that was archived is history, and so is its name; the clock was put back behind its end.
  if class = 'event_batch' and exists (
    select from pulp.event_single e where e.stream_kind = 'system' and e.stream_id = leaf and e.type = 'LeafArchived'
  ) then
    leaf := leaf || '_again';
  end if;
  if to_regclass('pulp.' || leaf) is not null then
    return;
  end if;
  unit := case class when 'event_batch' then 'month' when 'event_system' then 'year' when 'event_heartbeat' then 'day' end;
  starts := date_trunc(unit, moment at time zone 'UTC');
  perform pulp.create_event_leaf(class, leaf, starts at time zone 'UTC', (starts + ('1 ' || unit)::interval) at time zone 'UTC');
end $$;
comment on function pulp.need_event_leaf is 'Makes the leaf of a class of the log for a moment, unless it is there.';
