-- Who a backend is, in words: its process, what it calls itself, and since when its transaction is open. Of sessions of other
-- users the server tells less.
create or replace function pulp.session_text(backend_pid integer) returns text
language sql stable as $$
  select format('process %s', backend_pid) || coalesce((
    select coalesce(format(' (%s)', nullif(a.application_name, '')), '')
      || coalesce(', whose transaction is open since ' || (to_jsonb(a.xact_start) #>> '{}'), '')
    from pg_stat_activity a where a.pid = backend_pid), '')
$$;
comment on function pulp.session_text is 'Who a backend is, in words.';
