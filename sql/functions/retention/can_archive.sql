-- Whether some worker that is online may archive the log: it logs in as its owner.
create or replace function pulp.can_archive() returns boolean
language sql stable as $$
  select exists (
    select from pulp.worker w join pg_roles r on r.rolname = w.login
    where w.state = 'online'
      and pg_has_role(r.oid, (select c.relowner from pg_class c where c.oid = 'pulp.event_batch'::regclass), 'usage'))
$$;
comment on function pulp.can_archive is 'Whether some worker that is online may archive the log.';
