-- What a cursor of the log says, era:tx:position, or tx:position as it was before there were eras. Refuses what is none, what
-- lies ahead of the log's horizon, and that of a reader who has seen what this log does not have.
create or replace function pulp.read_cursor(cursor text, horizon xid8, out tx xid8, out "position" bigint)
language plpgsql stable set search_path = pulp, pg_temp as $$
#variable_conflict use_variable
declare
  parts constant text[] := string_to_array(cursor, ':');
  number integer;
  era pulp.era;
  next pulp.era;
  cut text;
  cut_tx xid8;
  cut_position bigint;
begin
  if cursor is null or cursor !~ '^([1-9][0-9]{0,8}:)?[0-9]{1,18}:[0-9]{1,18}$' then
    raise exception '% is no position in the log', coalesce(quote_literal(cursor), 'null') using errcode = 'PU004',
      hint = 'Give the cursor of an event, era:tx:position, or 0:0 for the beginning.';
  end if;
  position := parts[cardinality(parts)];
  tx := parts[cardinality(parts) - 1];
  number := case cardinality(parts) when 3 then parts[1]::integer else (select max(e.number) from pulp.era e where e.first_tx <= tx) end;
  select * into era from pulp.era e where e.number = number;
  select * into next from pulp.era e where e.number = number + 1;

  if tx < era.first_tx then -- of another history that began an era of this number
    cut_tx := era.cut_tx;
    cut_position := era.cut_position;
  elsif next.number is not null then
    cut_tx := next.cut_tx;
    cut_position := next.cut_position;
  elsif era.number is not null and pulp.is_era_over() then
    select coalesce(l.tx, '0'), coalesce(l.position, 0) into cut_tx, cut_position from pulp.last_event() l;
  elsif era.number is null or tx > horizon then
    raise exception 'the position % lies ahead of this log, which has come to %', cursor, pulp.event_cursor(horizon, 0)
      using errcode = 'PU004', hint = 'It is of another database: start anew from a time.';
  end if;
  if (tx, position) > (cut_tx, cut_position) then
    cut := pulp.event_cursor(cut_tx, cut_position);
    raise exception 'the position % lies beyond %, where the history that it is of was left: this log does not have at most % transactions and % positions that came before it there',
        cursor, cut, tx::text::bigint - cut_tx::text::bigint, greatest(position - cut_position, 0)
      using errcode = 'PU013',
        hint = format('What was seen after %s may not have happened here: take it back, and go on from %1$s.', cut),
        detail = jsonb_build_object('go_on_from', cut, 'transactions', tx::text::bigint - cut_tx::text::bigint,
          'positions', greatest(position - cut_position, 0));
  end if;
end $$;
comment on function pulp.read_cursor is 'What a cursor of the log says, unless it is of no use here.';
