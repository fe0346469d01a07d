-- Locks the tables in which owners are set apart, for a change of their rules, all at once: while somebody else holds one, none is kept, so
-- that nobody waits for more than a moment, and nobody who holds one waits for another in a circle. Gives up after twenty seconds.
create or replace function pulp.lock_owned_tables() returns void
language plpgsql set lock_timeout = '100ms' as $$
declare
  deadline constant timestamptz := clock_timestamp() + interval '20 s';
begin
  loop
    begin
      lock table pulp.task, pulp.reservation, pulp.schedule, pulp.hold in access exclusive mode;
      return;
    exception
      when lock_not_available then
        if clock_timestamp() > deadline then
          raise;
        end if;
    end;
    perform pg_sleep(0.05 + 0.1 * random());
  end loop;
end $$;
comment on function pulp.lock_owned_tables is 'Locks the tables in which owners are set apart, for a change of their rules.';
