-- What a task's code tells of it, after an event: reports are those of its latest run, and end with it; what it has created stays until
-- it is run again by hand.
create or replace function pulp.reported_after(reported jsonb, event_type text, facts jsonb) returns jsonb
language sql immutable parallel safe as $$
  select case
    when event_type = 'ProgressReported' then coalesce(reported, '{}') || jsonb_build_object('reports', facts -> 'reports')
    when event_type = 'ResourcesCreated' then coalesce(reported, '{}')
      || jsonb_build_object('created', coalesce(reported -> 'created', '[]') || (facts -> 'resources'))
    when event_type = 'TaskStarted' then nullif(reported - 'reports', '{}')
    when event_type = 'TaskRequeued' then nullif(reported - 'created', '{}')
    when event_type in ('TaskCompleted', 'TaskFailed', 'TaskCanceled') and reported ? 'reports' then reported || jsonb_build_object('reports', (
      select jsonb_agg(case when r.report ->> 'state' in ('waiting', 'running')
          then r.report || jsonb_build_object('state', lower(substr(event_type, 5))) else r.report end order by r.ordinality)
      from jsonb_array_elements(reported -> 'reports') with ordinality as r(report, ordinality)))
    else reported end
$$;
comment on function pulp.reported_after is 'What a task''s code tells of it, after an event.';
