-- Makes one leaf of a class of the log, with its guards. It is attached when it is ready, so that nobody waits. Its bounds are
-- written as every session reads them, whatever its DateStyle and TimeZone, and it stands where the database's tables do.
create or replace function pulp.create_event_leaf(class text, leaf text, starts timestamptz, ends timestamptz) returns void
language plpgsql set default_tablespace = '' set default_table_access_method = 'heap' as $$
declare
  pattern constant text := 'YYYY-MM-DD HH24:MI:SS"+00"';
  first constant text := to_char(starts at time zone 'UTC', pattern);
begin
  execute format('create table pulp.%I (like pulp.%I including defaults including comments including constraints including storage)',
    leaf, class);
  execute format('comment on table pulp.%I is %L', leaf, format('Events from %s on.', first));
  -- No plan asks how such columns are distributed, and finding it out is dear.
  if class = 'event_batch' then
    execute format('alter table pulp.%I alter column common set statistics 0, alter column ids set statistics 0,
      alter column versions set statistics 0, alter column facts set statistics 0, alter column correlation_ids set statistics 0,
      alter column causation_ids set statistics 0', leaf);
    execute format('create index on pulp.%I using gin (ids) with (fastupdate = off)', leaf);
    execute format('create index on pulp.%I (tx, first)', leaf);
  else
    execute format('alter table pulp.%I alter column data set statistics 0', leaf);
    if class <> 'event_heartbeat' then
      execute format('create unique index on pulp.%I (stream_id, version, stream_kind)', leaf);
    end if;
    execute format('create index on pulp.%I (tx, position)', leaf);
  end if;
  -- A statement trigger of the parent does not guard its leaves.
  execute format('create trigger append_only_truncate before truncate on pulp.%I
    for each statement execute function pulp.refuse_history_change()', leaf);
  execute format('alter table pulp.%I attach partition pulp.%I for values from (%L) to (%L)', class, leaf, first,
    to_char(ends at time zone 'UTC', pattern));
end $$;
comment on function pulp.create_event_leaf is 'Makes one leaf of the log.';
