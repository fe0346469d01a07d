-- The tasks that were run again after their end since a moment: what they are now says nothing of what they were.
create or replace function pulp.requeued_since(moment timestamptz) returns setof uuid
language sql stable security definer set search_path = pulp, pg_temp as $$
  select unnest(b.ids) from pulp.event_batch b where b.type = 'TaskRequeued' and b.recorded_at > moment
$$;
comment on function pulp.requeued_since is 'The tasks that were run again after their end since a moment.';
