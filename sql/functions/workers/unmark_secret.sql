-- Takes back the mark of a secret, which publications only add: for a place that is a secret no more in any release that still runs.
-- For the owner of the schema. A place is written as in messages: kwargs.token, args.1, kwargs.keys.*.
create or replace function pulp.unmark_secret(type text, place text) returns void
language plpgsql as $$
declare
  published pulp.task_type;
  marks jsonb;
begin
  lock table pulp.task_type in share row exclusive mode; -- as who publishes does, so that neither has a row for which the other waits
  select * into published from pulp.task_type t where t.name = unmark_secret.type;
  if not found then
    raise exception 'no worker has published a task type "%"', type using errcode = 'PU005', hint = 'Correct its name; nothing was changed.';
  end if;
  select jsonb_agg(m) filter (where pulp.secret_place(m) <> place) into marks
    from jsonb_array_elements(published.schema -> 'secrets') as m;
  if coalesce(jsonb_array_length(marks), 0) = coalesce(jsonb_array_length(published.schema -> 'secrets'), 0) then
    raise exception 'task type "%" has no mark of a secret at %', type, place using errcode = 'PU004', hint = coalesce(
      'It has these: ' || (select string_agg(pulp.secret_place(m), ', ') from jsonb_array_elements(published.schema -> 'secrets') as m),
      'It has none.');
  end if;
  update pulp.task_type t
    set schema = (t.schema - 'secrets') || case when marks is null then '{}' else jsonb_build_object('secrets', marks) end
    where t.name = unmark_secret.type;
  perform pulp.append_system_event('task-type/' || type, 'SecretUnmarked', jsonb_build_object(
    'name', type, 'place', place, 'before', coalesce(published.schema -> 'secrets', '[]'), 'after', coalesce(marks, '[]')));
end $$;
comment on function pulp.unmark_secret is 'Takes back the mark of a secret; for the owner of the schema.';
