-- Functions that are made anew with other parameters or results, or are gone.
drop function if exists pulp.append_system_event(text, text, jsonb);
drop function if exists pulp.fold_task_stream(pulp.event[]);
drop function if exists pulp.fold_tasks(integer, integer, uuid[]);
drop function if exists pulp.fold_differences(integer, integer, uuid[]);
drop function if exists pulp.verify_folds(integer, integer, uuid[]);
drop function if exists pulp.verify_lives(integer, integer, uuid[]);
drop function if exists pulp.request_purge(timestamptz, text[], text);
