-- Why the history that an era is of is not the one that this server goes on with, so that another era is due; null: it is.
-- On a standby it is that of its primary. With "by_ids", or where the server does not tell all that it is, the ids of the log
-- are compared with those of the cluster, which takes a look at the log's end.
create or replace function pulp.era_end(era pulp.era, by_ids boolean) returns text
language plpgsql stable set search_path = pulp, pg_temp as $$
declare
  here record;
  last record;
begin
  if pg_is_in_recovery() then
    return null;
  end if;
  here := pulp.cluster_history();
  if era.log <> 'pulp.era'::regclass then
    return 'restored from a dump';
  elsif era.system_identifier <> here.system_identifier then
    return 'another cluster';
  elsif era.timeline <> here.timeline then
    return 'another timeline';
  elsif here.system_identifier is not null and here.timeline is not null and not by_ids then
    return null;
  end if;

  last := pulp.last_event();
  if last.tx::text::bigint - era.tx_offset >= greatest(pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
      pg_current_xact_id_if_assigned()::text::bigint + 1) then
    return 'transaction ids behind those of the log';
  elsif last.position >= (
    select s.last_value + q.seqincrement from pulp.event_position s, pg_sequence q
    where q.seqrelid = 'pulp.event_position'::regclass) then
    return 'positions behind those of the log';
  end if;
  return null;
end $$;
comment on function pulp.era_end is 'Why another era is due; null: none is.';
