-- The events of a schedule, the latest first, of one that is deleted, too; of what is enqueued only who acts for its owner is told.
create or replace function pulp.schedule_history(name text, at_most integer default 100, before integer default null)
returns table (version integer, type text, data jsonb, actor text, recorded_at timestamptz)
language sql stable security definer set search_path = pulp, pg_temp as $$
  select e.version, e.type, case when pulp.acts_for(o.owner) then e.data else e.data - 'item' end, e.actor, e.recorded_at
  from pulp.event_single e
  left join lateral (select s.owner from pulp.schedule s where s.name = schedule_history.name) o on true
  where e.stream_kind = 'system' and e.stream_id = pulp.schedule_stream(schedule_history.name)
    and (e.version < schedule_history.before or schedule_history.before is null)
    and (pulp.acts_for(o.owner) or pulp.sees_all())
  order by e.version desc limit schedule_history.at_most
$$;
comment on function pulp.schedule_history is 'The events of a schedule, the latest first.';
