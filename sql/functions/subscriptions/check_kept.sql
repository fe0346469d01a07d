-- Refuses a place in the log after which events of tasks were archived: whoever read on from there would miss them.
create or replace function pulp.check_kept(cursor text) returns void
language plpgsql stable set jit = off set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  archive jsonb;
begin
  for archive in
    select (
      select e.data from pulp.event_single e
      where e.stream_kind = 'system' and e.type = 'LeafArchived' and e.data ->> 'last_position' is not null
        and e.stream_id between class || '_0' and class || '_9999_99'
      order by e.stream_id desc limit 1)
    from unnest('{event_batch,event_task}'::text[]) as class
  loop
    if split_part(check_kept.cursor, ':', -1)::bigint < (archive ->> 'last_position')::bigint then
      raise exception 'what comes after % was archived and has left the log: %', check_kept.cursor, archive ->> 'leaf'
        using errcode = 'PU060', hint = format('Go on from a later place: the log has all since %s.', archive ->> 'last_recorded_at');
    end if;
  end loop;
end $$;
comment on function pulp.check_kept is 'Refuses a place in the log after which events were archived.';
