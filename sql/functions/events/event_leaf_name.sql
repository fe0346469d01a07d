-- The name of the leaf of a class of the log that events of a moment belong to: of tasks by month, of the system by year, of
-- heartbeats by day, in UTC. It depends on no setting of the session.
create or replace function pulp.event_leaf_name(class text, moment timestamptz) returns text
language sql stable as $$
  select class || to_char(moment at time zone 'UTC', case class
    when 'event_batch' then '_YYYY_MM' when 'event_system' then '_YYYY' when 'event_heartbeat' then '_YYYY_MM_DD' end)
$$;
comment on function pulp.event_leaf_name is 'The name of the leaf of a class of the log for a moment.';
