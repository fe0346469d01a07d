-- Gives a subscription's next events to the caller, in whose transaction its place moves on: if that is rolled back, they are given again;
-- if it commits, never. A second caller waits until the first has ended, and gets what follows. Without anything new nothing is
-- written, and nobody waited for. What is paused gives nothing.
create or replace function pulp.take_events(
  subscription text, at_most integer default 100, out events pulp.event[], out caught_up boolean
)
language plpgsql security definer set search_path = pulp, pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
  known pulp.subscription;
  page record;
begin
  if at_most between 1 and 10000 is not true then
    raise exception 'at_most: must be from 1 to 10000' using errcode = 'PU004', hint = 'Correct this value.';
  end if;
  perform pulp.check_reads_log();
  loop
    select * into known from pulp.subscription s where s.name = take_events.subscription;
    perform pulp.check_subscriber(known, take_events.subscription);
    if known.url is not null then
      raise exception 'subscription "%" is sent to %', known.name, known.url using errcode = 'PU039',
        hint = 'What is sent cannot be fetched, too: make a subscription without a URL.';
    end if;
    caught_up := true;
    exit when known.state <> 'active';
    page := pulp.next_events(known, at_most, 8000000);
    caught_up := page.caught_up;
    exit when page.reached = known.cursor;
    update pulp.subscription s set cursor = page.reached, given = s.given + cardinality(page.events), read_at = clock_timestamp()
      where s.name = known.name and s.cursor = known.cursor and s.version = known.version;
    if found then
      events := page.events;
      exit;
    end if; -- somebody else came first
  end loop;
end $$;
comment on function pulp.take_events is 'Gives a subscription''s next events to the caller, in whose transaction its place moves on.';
