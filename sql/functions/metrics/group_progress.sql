-- The reports of a group's tasks, summed by their code. The message and unit are those of one of them; there is a total only where each has
-- one. Its cost follows the tasks of the group that report.
create or replace function pulp.group_progress("group" text)
returns table (code text, message text, state text, total double precision, done double precision, suffix text, tasks bigint)
language sql stable as $$
  select r.report ->> 'code', min(r.report ->> 'message'),
    case
      when bool_or(r.report ->> 'state' = 'running') then 'running'
      when bool_or(r.report ->> 'state' = 'waiting') then 'waiting'
      when bool_or(r.report ->> 'state' = 'failed') then 'failed'
      when bool_or(r.report ->> 'state' = 'canceled') then 'canceled'
      when bool_or(r.report ->> 'state' = 'completed') then 'completed'
      else 'skipped' end,
    case when count(*) = count(r.report ->> 'total') then sum((r.report -> 'total')::double precision) end,
    sum((r.report -> 'done')::double precision), min(r.report ->> 'suffix'), count(*)
  from pulp.task t cross join lateral jsonb_array_elements(t.reported -> 'reports') as r(report)
  where t.reported ? 'reports' and t.group_id is not null and t.group_id = group_progress."group"
  group by r.report ->> 'code'
$$;
comment on function pulp.group_progress is 'The reports of a group''s tasks, summed by their code.';
