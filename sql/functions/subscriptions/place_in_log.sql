-- The cursor of a place in the log that is given as one, as a time (then shortly before it), as "now", or as "beginning". Refuses one
-- from which not all of these kinds can be read any more.
create or replace function pulp.place_in_log(place text, kinds text[]) returns text
language plpgsql stable as $$
declare
  found constant text := case
    when place = 'now' then pulp.event_horizon()
    when place = 'beginning' then '1:0:0'
    when pulp.point_in_time(place) is not null then pulp.event_cursor_at(pulp.point_in_time(place))
    else place end;
begin
  perform pulp.read_cursor(found, pulp.log_horizon());
  if 'task' = any (kinds) then
    perform pulp.check_kept(found);
  end if;
  return found;
end $$;
comment on function pulp.place_in_log is 'The cursor of a place in the log that is given in one way or another.';
