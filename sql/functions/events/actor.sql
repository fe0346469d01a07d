-- Who acts: what the session says of itself (set pulp.actor = ...), else its database user.
create or replace function pulp.actor() returns text
language sql stable parallel safe as $$
  select coalesce(nullif(current_setting('pulp.actor', true), ''), session_user)
$$;
comment on function pulp.actor is 'Who acts, for the log.';
