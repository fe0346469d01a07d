-- Begins the next era, if one is due, and gives its number then. Where none is due, that takes one look at the table and one at
-- the server. "by_ids" as in era_end; with it, what the server did not tell when the era began is learnt, too.
create or replace function pulp.begin_era_if_due(by_ids boolean default true) returns bigint
language plpgsql security definer set search_path = pulp, pg_temp as $$
declare
  era pulp.era := pulp.current_era();
  ended text := pulp.era_end(era, by_ids);
  begun bigint;
begin
  if pg_is_in_recovery() then
    return null;
  end if;
  if ended is not null then
    -- One after the other; who waited looks again. If its snapshot is older than the era that it waited for, the offset tells.
    perform pg_advisory_xact_lock(pulp.lock_class('era'), 0);
    era := pulp.current_era();
    ended := pulp.era_end(era, by_ids);
    if ended is not null and era.tx_offset >= pg_sequence_last_value('pulp.era_offset') then
      begun := pulp.begin_era(ended);
    end if;
  elsif by_ids then
    update pulp.era e set system_identifier = coalesce(e.system_identifier, here.system_identifier),
      timeline = coalesce(e.timeline, here.timeline)
      from pulp.cluster_history() here
      where e.number = era.number and num_nulls(e.system_identifier, e.timeline) > num_nulls(here.system_identifier, here.timeline);
  end if;
  perform set_config('pulp.era_known', 'yes', false);
  return begun;
end $$;
comment on function pulp.begin_era_if_due is 'Begins the next era, if one is due, and gives its number then.';
