-- What a cursor of the log says, era:tx:position, or tx:position as it was before there were eras. Refuses what is none, what
-- lies ahead of the log's horizon, and that of a reader who has seen what this log does not have: of an era that it left
-- before that, or never had. Of the latter it is not known where its history left this one.
create or replace function pulp.read_cursor(cursor text, horizon xid8, out tx xid8, out "position" bigint)
language plpgsql stable set search_path = pulp, pg_temp as $$
#variable_conflict use_variable
declare
  parts constant text[] := string_to_array(cursor, ':');
  number bigint;
  era pulp.era;
  next pulp.era;
  go_on_from text;
  transactions bigint;
  positions bigint;
begin
  if cursor is null or cursor !~ '^([1-9][0-9]{0,14}:)?[0-9]{1,18}:[0-9]{1,18}$' then
    raise exception '% is no position in the log', coalesce(quote_literal(cursor), 'null') using errcode = 'PU004',
      hint = 'Give the cursor of an event, era:tx:position, or 0:0 for the beginning.';
  end if;
  position := parts[cardinality(parts)];
  tx := parts[cardinality(parts) - 1];
  if cardinality(parts) = 3 then
    number := parts[1];
  else
    select max(e.number) into number from pulp.era e where e.first_tx <= tx;
  end if;
  select * into era from pulp.era e where e.number <= number order by e.number desc limit 1;
  select * into next from pulp.era e where e.number > number order by e.number limit 1;
  if next.number is null and pulp.is_era_over() then
    select coalesce(l.tx, '0'), coalesce(l.position, 0) into next.cut_tx, next.cut_position from pulp.last_event() l;
  elsif next.number is null and (era.number <> number or tx > horizon) then
    raise exception 'the position % lies ahead of this log, which has come to %', cursor, pulp.event_cursor(horizon, 0)
      using errcode = 'PU004', hint = 'It is of another database: start anew from a time.';
  end if;

  if era.number <> number then
    go_on_from := '1:0:0';
  elsif (tx, position) > (next.cut_tx, next.cut_position) then
    go_on_from := pulp.event_cursor(next.cut_tx, next.cut_position);
    transactions := tx::text::bigint - next.cut_tx::text::bigint;
    positions := greatest(position - next.cut_position, 0);
  elsif tx < era.first_tx then
    raise exception 'the position % is not one of this log', cursor using errcode = 'PU004',
      hint = 'Give the cursor of an event as it was given: era:tx:position.';
  else
    return;
  end if;
  raise exception 'the position % is of a history that this log left at %', cursor, coalesce(nullif(go_on_from, '1:0:0'), 'an unknown place')
    using errcode = 'PU013',
      detail = jsonb_build_object('go_on_from', go_on_from, 'transactions', transactions, 'positions', positions),
      hint = case when transactions is null then 'What was seen may not have happened here: begin anew, from 1:0:0.' else format(
        'What was seen after %s (at most %s transactions with %s positions) may not have happened here: take it back, and go on from %1$s.',
        go_on_from, transactions, positions) end;
end $$;
comment on function pulp.read_cursor is 'What a cursor of the log says, unless it is of no use here.';
