-- Records what runs report, of these tasks, whose rows the caller holds locked: their items as pulp.progress takes them. What was
-- recorded already is not recorded again, nor what is not in its form. Says whether rows were written.
create or replace function pulp.record_reports(ids uuid[], items jsonb[]) returns boolean
language plpgsql as $$
declare
  report_event record;
  were_written boolean := false;
begin
  for report_event in
    select x.type, array_agg(x.id) as ids, array_agg(x.facts) as facts
    from (
      select t.id, 'TaskProgressed' as type, jsonb_build_object('progress', i.item -> 'progress') as facts
      from unnest(ids, items) as i(id, item)
      cross join lateral (select x.id, x.progress from pulp.task x where x.id = i.id offset 0) t
      where i.item ? 'progress' and t.progress is distinct from i.item -> 'progress'
      union all
      select t.id, 'ProgressReported', jsonb_build_object('reports', i.item -> 'reports')
      from unnest(ids, items) as i(id, item)
      cross join lateral (select x.id, x.reported from pulp.task x where x.id = i.id offset 0) t
      where i.item ? 'reports' and pulp.are_reports(i.item -> 'reports') and t.reported -> 'reports' is distinct from i.item -> 'reports'
      union all
      select n.id, 'ResourcesCreated', jsonb_build_object('resources', n.resources)
      from (
        select i.id, (
          select jsonb_agg(c.resource order by c.ordinality)
          from jsonb_array_elements(i.item -> 'created') with ordinality as c(resource, ordinality)
          where (t.reported -> 'created' @> c.resource) is not true) as resources
        from unnest(ids, items) as i(id, item)
        cross join lateral (select x.reported from pulp.task x where x.id = i.id offset 0) t
        where i.item ? 'created' and pulp.resources_problem(i.item -> 'created', '') is null
      ) n
      where n.resources is not null
    ) x
    group by x.type order by x.type
  loop
    perform pulp.append_task_events(report_event.type, report_event.ids, report_event.facts);
    were_written := true;
  end loop;
  return were_written;
end $$;
comment on function pulp.record_reports is 'Records what runs report.';
