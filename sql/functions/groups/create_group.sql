-- Creates a group, for tasks that are enqueued with it from then on; null: with an id that is made up. A task that runs when all others
-- are over and all are dispatched is given as an object with the keys of pulp.enqueue_batch, and enqueued now. Gives the ids of both.
create or replace function pulp.create_group(
  inout id text default null, description text default null, finally jsonb default null, out finally_task uuid
)
language plpgsql security definer set search_path = pulp, pg_temp as $$
#variable_conflict use_column
declare
  event pulp.event;
begin
  if id is not null then -- nobody knows one that is made up
    perform pg_advisory_xact_lock(pulp.lock_class('group'), pulp.group_lock(id)); -- who enqueues into it is to be seen
  end if;
  id := coalesce(create_group.id, pulp.new_id()::text);
  if octet_length(id) not between 1 and 256 then
    raise exception 'group: must be a text of 1 to 256 bytes' using errcode = 'PU004', hint = 'Correct this value; nothing was written.';
  elsif octet_length(description) > 16384 then
    raise exception 'description: is % bytes long; at most 16384 are allowed', octet_length(description) using errcode = 'PU004',
      hint = 'Give a shorter one; nothing was written.';
  elsif finally is not null and (jsonb_typeof(finally) <> 'object' or finally ?| array['group', 'finally', 'parent_id', 'owner']) then
    raise exception 'finally: must be an object with the keys of a task, without group, finally, parent_id and owner' using errcode = 'PU004',
      hint = 'Correct this value; nothing was written.';
  elsif exists (select from pulp.created_group g where g.id = create_group.id)
    or exists (select from pulp.group_flow f where f.group_id = create_group.id and not pulp.acts_for(f.owner)) then
    raise exception 'there is a group "%" already', id using errcode = 'PU043', hint = 'Take another name; nothing was written.';
  end if;
  event := pulp.append_system_event(pulp.group_stream(id), 'GroupCreated',
    jsonb_build_object('id', id, 'description', description, 'owner', pulp.actor()), after => 0);
  insert into pulp.created_group select (pulp.evolve_group(null, event)).*;
  if finally is not null then
    finally_task := (pulp.enqueue_columns(finally || jsonb_build_object('group', id, 'finally', true)))[1];
  end if;
exception
  when unique_violation then
    raise exception 'there is a group "%" already', id using errcode = 'PU043', hint = 'Somebody else made it at this moment; nothing was written.';
end $$;
comment on function pulp.create_group is 'Creates a group, with a task that runs when all others are over.';
