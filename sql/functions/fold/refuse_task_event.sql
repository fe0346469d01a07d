-- Refuses an event that cannot be what comes next in a task's stream, or is of a type that the fold does not know. Its
-- cost is stated low so that the planner still takes the fold for simple: it is called once, at the end of all.
create or replace function pulp.refuse_task_event(task_version integer, version integer, type text, stream_id text) returns integer
language plpgsql immutable parallel safe cost 1 as $$
begin
  if version is distinct from task_version + 1 then
    raise exception 'event % of task % cannot follow its version %', version, stream_id, task_version
      using errcode = 'PU008', hint = 'The log has a gap or an event was folded twice.';
  end if;
  raise exception 'unknown event type % on task %', type, stream_id
    using errcode = 'PU008', hint = 'It was written by a newer version: upgrade, then fold again.';
end $$;
comment on function pulp.refuse_task_event is 'Refuses an event that a task cannot take.';
