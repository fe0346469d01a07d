-- Who has held a snapshot of the cluster for longer than this, in words: work goes slower the longer that lasts. Null: nobody.
create or replace function pulp.old_snapshot(longer_than interval default '1 min') returns text
language sql stable security definer set search_path = pulp, pg_temp as $$
  select s.holder from pulp.oldest_snapshot() s where s.since < clock_timestamp() - longer_than
$$;
comment on function pulp.old_snapshot is 'Who has held a snapshot of the cluster for long, in words.';
