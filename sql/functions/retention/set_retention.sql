-- Says for how long tasks of a queue, of a type, or all others stay in pulp.task after their end: an object with completed, failed, canceled,
-- skipped, each a number of seconds, "never" (to be purged), or null, which takes back what was said; what is not named stays as it is. Of
-- the log: an object with seconds, from the end of a month, and folder, where the file of the month is written by the leader. For operators.
create or replace function pulp.set_retention(kind text, name text, keep jsonb) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
#variable_conflict use_column
declare
  target constant text := pulp.retention_target(kind, name);
  states constant text[] := array['completed', 'failed', 'canceled', 'skipped'];
  known pulp.retention;
  merged jsonb;
  problem text;
begin
  lock table pulp.retention in share row exclusive mode; -- one after the other; who reads does not wait
  select * into known from pulp.retention r where r.kind = set_retention.kind and r.name = target;
  if jsonb_typeof(keep) is distinct from 'object' or keep = '{}' then
    problem := 'keep: must be an object that says something';
  elsif kind = 'log' then
    merged := keep;
    problem := case
      when keep - array['seconds', 'folder'] <> '{}' then 'keep: of the log it has seconds and folder'
      when (octet_length(keep ->> 'folder') <= 1024 and keep ->> 'folder' ~ '^/[^[:cntrl:]]*$') is not true then 'folder: must be a path from the root'
      when jsonb_typeof(keep -> 'seconds') is distinct from 'number' then 'seconds: is missing'
      when (keep ->> 'seconds')::numeric not between 86400 and 3155760000 then 'seconds: must be from a day to a century'
      when not pulp.can_archive() then 'no worker that is online logs in as the owner of the log, who alone may archive it' end;
  else
    merged := jsonb_strip_nulls(coalesce(known.keep, '{}') || keep);
    problem := case
      when keep - states <> '{}' then format('keep: there is no state %s that is final', (select min(k) from jsonb_object_keys(keep - states) k))
      when exists (select from jsonb_each(keep) k where case jsonb_typeof(k.value)
        when 'number' then k.value::numeric not between 1 and 3155760000 else k.value not in ('"never"', 'null') end) then
        'keep: must be seconds from 1 to a century, never, or null' end;
  end if;
  if problem is not null then
    raise exception '%', problem using errcode = 'PU004', hint = case
      when problem ~ 'owner of the log' then 'Start a worker with that login, or run `pulp db archive` as the owner; nothing was changed.'
      else 'Correct this value; nothing was changed.' end;
  elsif merged = '{}' then
    perform pulp.clear_retention(kind, name);
    return;
  end if;
  known := pulp.evolve_retention(known, pulp.append_system_event(pulp.retention_stream(kind, target), 'RetentionSet',
    jsonb_build_object('kind', kind, 'name', target, 'keep', merged)));
  delete from pulp.retention r where r.kind = set_retention.kind and r.name = target;
  insert into pulp.retention select known.*;
  perform pulp.notify('pulp_grant', 'retention');
end $$;
comment on function pulp.set_retention is 'Says for how long tasks stay in pulp.task after their end, or months in the log.';
