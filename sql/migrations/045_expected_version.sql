-- It takes the version after which the event is to come, too.
drop function if exists pulp.append_system_event(text, text, jsonb);
