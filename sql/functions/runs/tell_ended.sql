-- Has those who wait for these tasks look at once. The notice bears the last eight digits of each id, by which others know that it is no
-- concern of theirs; of many tasks it bears nothing, and everybody looks.
create or replace function pulp.tell_ended(ids uuid[]) returns void
language sql as $$
  select pulp.notify('pulp_finished', case when cardinality(ids) <= 100
    then (select string_agg(right(i.id::text, 8), ' ') from unnest(ids) as i(id)) else '' end)
$$;
comment on function pulp.tell_ended is 'Has those who wait for these tasks look at once.';
