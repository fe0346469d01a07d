-- Makes rights what the policy says; grants.sql has given those of policy shared.
create or replace function pulp.apply_policy() returns void
language plpgsql as $$
declare
  payloads constant text[] := array['args', 'kwargs', 'result', 'error', 'progress', 'reported', 'item'];
  with_payloads constant text[] := array['task', 'schedule'];
  column_name text;
  open_to_submitters constant text[] :=
    array['task', 'reservation', 'task_type', 'secret_realm', 'worker', 'leader', 'queue', 'setting', 'quota', 'pause', 'retention', 'schedule', 'task_group', 'resource_limit', 'hold'];
  for_functions_alone constant text[] := array['token', 'purge_request', 'webhook_secret'];
  name text;
begin
  foreach name in array for_functions_alone loop
    execute format('revoke all on pulp.%I from pulp_submitter, pulp_worker, pulp_operator, pulp_observer', name);
  end loop;
  if not pulp.are_owners_apart() then
    alter table pulp.task disable row level security;
    alter table pulp.reservation disable row level security;
    alter table pulp.schedule disable row level security;
    alter table pulp.hold disable row level security;
    drop index if exists pulp.task_owner;
    for name in
      select c.relname from pg_class c
      where c.relnamespace = 'pulp'::regnamespace and c.relkind in ('r', 'p', 'v') and c.relname <> all (for_functions_alone)
    loop
      execute format('grant select on pulp.%I to pulp_submitter, pulp_observer', name);
    end loop;
    alter default privileges in schema pulp grant select on tables to pulp_submitter, pulp_observer;
    return;
  end if;

  -- Workers and operators see all rows, and so do observers; submitters their own.
  drop policy if exists of_all on pulp.task;
  drop policy if exists of_all on pulp.reservation;
  drop policy if exists of_all on pulp.schedule;
  drop policy if exists of_all on pulp.hold;
  drop policy if exists of_owner on pulp.task;
  drop policy if exists of_owner on pulp.reservation;
  drop policy if exists of_owner on pulp.schedule;
  drop policy if exists of_owner on pulp.hold;
  create policy of_all on pulp.task for select to pulp_worker, pulp_operator, pulp_observer using (true);
  create policy of_all on pulp.reservation for select to pulp_worker, pulp_operator, pulp_observer using (true);
  create policy of_all on pulp.schedule for select to pulp_worker, pulp_operator, pulp_observer using (true);
  create policy of_all on pulp.hold for select to pulp_worker, pulp_operator, pulp_observer using (true);
  create policy of_owner on pulp.hold for select to pulp_submitter using (actor = (select pulp.actor()));
  create policy of_owner on pulp.schedule for select to pulp_submitter using (owner = (select pulp.actor()));
  create policy of_owner on pulp.task for select to pulp_submitter using (owner = (select pulp.actor()));
  create policy of_owner on pulp.reservation for select to pulp_submitter
    using (exists (select from pulp.task t where t.id = task_id) or exists (select from pulp.hold h where h.id = task_id));
  alter table pulp.task enable row level security;
  alter table pulp.reservation enable row level security;
  alter table pulp.schedule enable row level security;
  alter table pulp.hold enable row level security;
  create index if not exists task_owner on pulp.task (owner, enqueued_at);
  alter default privileges in schema pulp revoke select on tables from pulp_submitter, pulp_observer;
  revoke select on all tables in schema pulp from pulp_submitter, pulp_observer;
  foreach name in array open_to_submitters loop
    execute format('grant select on pulp.%I to pulp_submitter', name);
  end loop;
  for name in
    select c.relname from pg_class c
    where c.relnamespace = 'pulp'::regnamespace and c.relkind in ('r', 'p', 'v') and c.relname <> all (for_functions_alone || with_payloads)
      and c.relname !~ '^event'
  loop
    execute format('grant select on pulp.%I to pulp_observer', name);
  end loop;
  for name, column_name in
    select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'pulp'::regnamespace and c.relname = any (with_payloads)
      and a.attnum > 0 and not a.attisdropped and a.attname <> all (payloads)
  loop
    execute format('grant select (%I) on pulp.%I to pulp_observer', column_name, name);
  end loop;
end $$;
comment on function pulp.apply_policy is 'Makes rights what the policy says.';
