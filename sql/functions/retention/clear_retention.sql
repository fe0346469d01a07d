-- Takes back what was said of for how long something is kept: then what is said of all counts, or it is kept for ever. For operators.
create or replace function pulp.clear_retention(kind text, name text default null) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
#variable_conflict use_column
declare
  target constant text := pulp.retention_target(kind, name);
begin
  lock table pulp.retention in share row exclusive mode;
  delete from pulp.retention r where r.kind = clear_retention.kind and r.name = target;
  if not found then
    raise exception 'nothing is said of for how long % is kept', trim(format('%s %s', kind, target)) using errcode = 'PU061',
      hint = '`pulp retention list` shows what is.';
  end if;
  perform pulp.append_system_event(pulp.retention_stream(kind, target), 'RetentionCleared', jsonb_build_object('kind', kind, 'name', target));
  perform pulp.notify('pulp_grant', 'retention');
end $$;
comment on function pulp.clear_retention is 'Takes back what was said of for how long something is kept.';
