-- Rules era_current and eras_in_order: the log goes on with the history of this cluster, and its events are of one era by their tx as
-- well as by their positions. Otherwise readers would miss some.
create or replace function pulp.verify_eras() returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off as $$
declare
  due constant text := pulp.era_end(pulp.current_era(), by_ids => true);
  border pulp.era;
begin
  if due is not null then
    return query select 'era_current', 'system', 'era', format('another era is due: %s; `pulp db migrate` begins it', due),
      null::jsonb, null::jsonb;
  end if;
  for border in select e.* from pulp.era e where e.number > 1 order by e.number loop
    return query
      select 'eras_in_order', e.stream_kind, e.stream_id,
        format('event %s, %s at position %s: by its tx it is of another era than by its position', e.version, e.type, e.position),
        null::jsonb, jsonb_build_object('tx', e.tx::text, 'position', e.position, 'era', border.number)
      from pulp.event e
      where (e.tx < border.first_tx) <> (e.position < border.first_position);
  end loop;
end $$;
comment on function pulp.verify_eras is 'Whether the log goes on with the history of this cluster, and its eras are in order.';
