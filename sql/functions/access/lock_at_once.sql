-- Locks tables for a change of them, all at once: while somebody else holds one, none is kept, so that nobody waits for more than a
-- moment, and nobody who holds one waits for another in a circle. Gives up after twenty seconds.
create or replace function pulp.lock_at_once(tables text[]) returns void
language plpgsql set lock_timeout = '100ms' as $$
declare
  deadline constant timestamptz := clock_timestamp() + interval '20 s';
begin
  loop
    begin
      execute 'lock table ' || (select string_agg(format('pulp.%I', name), ', ' order by ordinality)
        from unnest(tables) with ordinality as t(name, ordinality)) || ' in access exclusive mode';
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
comment on function pulp.lock_at_once is 'Locks tables for a change of them, all at once.';
