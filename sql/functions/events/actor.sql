-- Who acts: the session's login, or who it acts for (set pulp.actor = ...), where it may speak for others.
create or replace function pulp.actor() returns text
language sql stable parallel safe as $$
  select case
    when coalesce(current_setting('pulp.actor', true), '') = '' then session_user
    when pg_has_role(session_user, 'pulp_server', 'member') or pg_has_role(session_user, 'pulp_operator', 'member')
      then current_setting('pulp.actor')
    else session_user end
$$;
comment on function pulp.actor is 'Who acts, for the log.';
