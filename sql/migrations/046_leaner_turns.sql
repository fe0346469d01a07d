-- Postgres reads the text of a CHECK anew for every statement that writes to its table, which was a tenth of a turn with one task. None but the
-- engine's own functions write to these: states and modes are constants of the fold, and verify finds what it does not give.
alter table pulp.task drop constraint task_state_check;
alter table pulp.reservation drop constraint reservation_mode_check;
alter table pulp.wakeup drop constraint wakeup_check;
alter table pulp.event_batch drop constraint event_batch_size_check;

drop function if exists pulp.log_task_events(text, bigint[], uuid[], integer[], jsonb[], text[], uuid[], xid8, timestamptz, jsonb);
