-- Records progress reports of runs: items with id, attempt, fence, progress. Those of runs that the worker does not own
-- any more are refused as by finish.
create or replace function pulp.progress(worker text, incarnation bigint, items jsonb) returns void
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  fenced uuid[];
begin
  perform pulp.check_incarnation(progress.worker, progress.incarnation);
  perform from pulp.task t
    where t.id in (select (i.item ->> 'id')::uuid from jsonb_array_elements(items) as i(item))
    order by t.id for no key update;

  select array_agg((i.item ->> 'id')::uuid) into fenced
    from jsonb_array_elements(items) as i(item)
    left join pulp.task t on t.id = (i.item ->> 'id')::uuid
    where (t.state in ('running', 'canceling') and t.worker = progress.worker
      and t.attempt = (i.item ->> 'attempt')::integer and t.fence = (i.item ->> 'fence')::bigint) is not true;
  if fenced is not null then
    perform pulp.refuse_fenced(progress.worker, fenced);
  end if;

  perform pulp.append_task_events(
      array_agg((i.item ->> 'id')::uuid), array_agg('TaskProgressed'::text),
      array_agg(jsonb_build_object('progress', i.item -> 'progress')))
    from jsonb_array_elements(items) as i(item)
    having count(*) > 0;
end $$;
comment on function pulp.progress is 'Records progress reports of runs; refused unless the worker still owns them.';
