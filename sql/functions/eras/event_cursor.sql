-- The cursor of an event: the era that it is of, its tx, its position. What comes after the event comes after the cursor.
create or replace function pulp.event_cursor(tx xid8, "position" bigint) returns text
language sql stable as $$
  select (select max(e.number) from pulp.era e where e.first_tx <= tx) || ':' || tx || ':' || position
$$;
comment on function pulp.event_cursor is 'The cursor of an event: era:tx:position.';
