-- Pauses a queue, a task type, a resource, or (all) everything: nothing of it begins until it is resumed or its time is over; what runs
-- goes on. What is paused already is paused anew, with this reason and end. For operators.
create or replace function pulp.pause(kind text, name text default null, reason text default null, until timestamptz default null)
returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
#variable_conflict use_column
declare
  target constant text := pulp.pause_target(kind, name);
  known pulp.pause;
begin
  if until = 'infinity' then
    until := null;
  end if;
  if until > clock_timestamp() + interval '36525 days' then
    raise exception 'until: is more than a century from now' using errcode = 'PU004', hint = 'Give none; nothing was changed.';
  elsif until <= clock_timestamp() then
    raise exception 'until: is not in the future' using errcode = 'PU004', hint = 'Give a later time, or none; nothing was changed.';
  end if;
  perform pulp.check_reason(reason);
  lock table pulp.pause in share row exclusive mode; -- one after the other; who reads does not wait
  select * into known from pulp.pause p where p.kind = pause.kind and p.name = target;
  known := pulp.evolve_pause(known, pulp.append_system_event(pulp.pause_stream(kind, target),
    case kind when 'queue' then 'QueuePaused' when 'type' then 'TypePaused' when 'resource' then 'ResourcePaused' else 'AllPaused' end,
    jsonb_build_object('kind', kind, 'name', target, 'reason', reason, 'until', until)));
  delete from pulp.pause p where p.kind = pause.kind and p.name = target;
  insert into pulp.pause select known.*;
  perform pulp.notify('pulp_grant', ''); -- the leader is to resume it in time
end $$;
comment on function pulp.pause(text, text, text, timestamptz) is 'Pauses a queue, a task type, a resource, or everything.';
