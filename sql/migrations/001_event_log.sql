-- The log: everything that happens, append-only. All other tables of this schema can be derived from it.

create schema if not exists pulp;
comment on schema pulp is 'Pulp tasking: an event log, the state folded from it, and the commands that append to it.';

-- Group roles for callers, workers and readers. They belong to the cluster, so another database may have made them.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['pulp_submitter', 'pulp_worker', 'pulp_observer'] loop
    begin
      if not exists (select from pg_roles where rolname = wanted) then
        execute format('create role %I nologin', wanted);
      end if;
    exception
      when duplicate_object or unique_violation then null; -- another database's migration was quicker
    end;
  end loop;
end $$;

create sequence pulp.event_position;
comment on sequence pulp.event_position is 'Order of events, of claims in a line, and the source of fencing tokens.';

-- An older transaction may append to a stream last, when a younger one has appended to it and ended. So that events of a
-- stream are in order by (tx, position) too, an event bears the youngest transaction that had ended by then, if that is
-- younger than its own. Nothing is lost by it: an event is as little decided before that one is as before its own.
create function pulp.event_tx() returns xid8
language sql stable as $$
  select greatest(pg_current_xact_id(), (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8)
$$;
comment on function pulp.event_tx is 'By which transaction an event that is appended now is put in order.';

create table pulp.event (
  position bigint not null default nextval('pulp.event_position'),
  tx xid8 not null default pulp.event_tx(),
  stream_kind text not null collate "C",
  stream_id text not null collate "C",
  version integer not null,
  type text not null collate "C",
  schema_version smallint not null default 1,
  data jsonb not null,
  correlation_id text,
  causation_id uuid,
  actor text,
  recorded_at timestamptz not null default clock_timestamp()
) partition by list (stream_kind);

comment on table pulp.event is 'What happened. Never updated, never deleted: retention drops whole leaves.';
comment on column pulp.event.position is 'Order of appending. Concurrent transactions may commit out of this order: page by (tx, position) below pg_snapshot_xmin.';
comment on column pulp.event.tx is 'The appending transaction, or the youngest that had ended before, if that is younger.';
comment on column pulp.event.stream_kind is 'What the event is about: task, worker, resource, system; heartbeat is a class of its own with short retention.';
comment on column pulp.event.stream_id is 'Which one: a task''s id, a worker''s name.';
comment on column pulp.event.version is 'Ordinal within the stream, from 1 without gaps (heartbeats: always 0).';
comment on column pulp.event.type is 'What happened, in the past tense.';
comment on column pulp.event.schema_version is 'Version of the shape of data for this type.';
comment on column pulp.event.data is 'The facts, by type.';
comment on column pulp.event.correlation_id is 'Joins all that belongs to one request of a caller.';
comment on column pulp.event.causation_id is 'The task in whose run this was caused.';
comment on column pulp.event.actor is 'Who appended it: the setting pulp.actor, else the database session''s user.';
comment on column pulp.event.recorded_at is 'When, by the database''s clock.';

-- Three classes with retention of their own; each has leaves by time and no default leaf.
create table pulp.event_task partition of pulp.event for values in ('task') partition by range (recorded_at);
comment on table pulp.event_task is 'Class of what happened to tasks; leaves by month, archived when all their tasks are purged.';
create table pulp.event_system partition of pulp.event
  for values in ('worker', 'resource', 'system') partition by range (recorded_at);
comment on table pulp.event_system is 'Class of what happened to workers, and to the system itself: few events, kept for ever; leaves by year.';
create table pulp.event_heartbeat partition of pulp.event
  for values in ('heartbeat') partition by range (recorded_at);
comment on table pulp.event_heartbeat is 'Class of workers'' signs of life; leaves by day.';

create function pulp.refuse_history_change() returns trigger
language plpgsql set search_path = pulp, pg_temp as $$
begin
  raise exception 'the event log is append-only: % on % is refused', tg_op, tg_table_name
    using errcode = 'PU007', hint = 'Append a new event that says what changed.';
end $$;
comment on function pulp.refuse_history_change() is 'Guard of the log''s leaves.';

create trigger append_only before update or delete on pulp.event
  for each row execute function pulp.refuse_history_change();
