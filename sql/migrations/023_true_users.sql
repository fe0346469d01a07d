-- Who really acts stands in every event beside who it is said to be; a worker is heard by the login that bore it; and those who
-- run the engine have a role of their own, as has a server that speaks for others.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['pulp_operator', 'pulp_server'] loop
    begin
      if not exists (select from pg_roles where rolname = wanted) then
        execute format('create role %I nologin', wanted);
      end if;
    exception
      when duplicate_object or unique_violation then null; -- another database's migration was quicker
    end;
  end loop;
end $$;

alter table pulp.event_single add column "session_user" text;
alter table pulp.event_batch add column "session_user" text;
alter table pulp.event_single alter column "session_user" set default session_user::text;
alter table pulp.event_batch alter column "session_user" set default session_user::text;
comment on column pulp.event_single."session_user" is 'The login of the session that appended it; null of events from before this was recorded.';
comment on column pulp.event_batch."session_user" is 'The login of the session that appended it; null of events from before this was recorded.';
comment on column pulp.event_single.actor is 'Who is said to have caused it: the setting pulp.actor, where a member of pulp_server or pulp_operator has made it, else the login.';
comment on column pulp.event_batch.actor is 'Who is said to have caused it: see pulp.event.actor.';

create or replace view pulp.event as
select e.*, b."session_user" from pulp.event_batch b cross join lateral pulp.batch_events(b) e
union all
select s.position, s.tx, s.stream_kind, s.stream_id, s.version, s.type, s.schema_version, s.data, s.correlation_id, s.causation_id,
  s.actor, s.recorded_at, s."session_user"
from pulp.event_single s;
comment on column pulp.event.actor is 'Who is said to have caused it: the setting pulp.actor, where a member of pulp_server or pulp_operator has made it, else the login.';
comment on column pulp.event."session_user" is 'The login of the session that appended it; null of events from before this was recorded.';

alter table pulp.worker add column login text;
comment on column pulp.worker.login is 'The login that bore it, and that alone speaks for it; null of workers from before this was recorded.';

-- Replaced by functions with other results.
drop function if exists pulp.stand_for_election(text, boolean, jsonb);
