-- Has tasks run again that failed, were canceled or skipped: each goes on in its own stream, at the end of its lines, and its attempts
-- count on. Others stay as they are. Gives the state after it of those that the caller may act on. "seen" are the positions of the tasks as the
-- caller saw them: one that was run again since stays as it is, so that the same, asked for twice, is done once; null: whatever they are.
create or replace function pulp.retry_tasks(tasks uuid[], reason text default null, seen bigint[] default null)
returns table (id uuid, state text)
language plpgsql security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  again uuid[];
  facts jsonb[];
  states text[];
  phases text[];
  free uuid[];
  requeued pulp.event[];
begin
  perform pulp.check_reason(reason);
  select array_agg(t.id order by t.position),
      array_agg(jsonb_build_object('reason', retry_tasks.reason, 'had_run', t.worker is not null) order by t.position),
      array_agg(t.state order by t.position), array_agg(case when t.has_claims then 'blocked' else 'claimable' end order by t.position),
      array_agg(t.id order by t.position) filter (where not t.has_claims)
    into again, facts, states, phases, free
    from (
      select x.* from ( -- locked in one order by all
        select distinct on (a.id) a.id, a.position from unnest(retry_tasks.tasks, retry_tasks.seen) as a(id, position) order by a.id
      ) i
      cross join lateral (
        select t.id, t.position, t.state, t.worker, pulp.has_claims(t) as has_claims from pulp.task t
        where t.id = i.id and t.state in ('failed', 'canceled', 'skipped') and t.position = coalesce(i.position, t.position)
          and pulp.acts_for(t.owner)
        for no key update
      ) x
    ) t;
  if again is not null then
    perform pulp.count_moves(array_agg(m.id), m.state, m.phase)
      from unnest(again, states, phases) as m(id, state, phase) group by m.state, m.phase;
    perform pulp.count_in_groups(array_agg(m.id), m.state, -1) from unnest(again, states) as m(id, state) group by m.state;
    requeued := array(
      select a.event from pulp.append_task_events('TaskRequeued', again, facts) a order by (a.event).position);
    if free is not null then
      perform pulp.deliver(free);
    end if;
    if cardinality(again) > coalesce(cardinality(free), 0) then
      perform pulp.take_place_in_line(array(
        select e from unnest(requeued) as e where e.stream_id::uuid <> all (coalesce(free, '{}')) order by e.position));
    end if;
  end if;
  return query
    select t.id, t.state from unnest(retry_tasks.tasks) with ordinality as i(id, ordinality)
    cross join lateral (
      select x.id, x.state from pulp.task x where x.id = i.id and pulp.acts_for(x.owner) offset 0
    ) t
    order by i.ordinality;
end $$;
comment on function pulp.retry_tasks is 'Has tasks run again that failed, were canceled or skipped; gives the states of all after it.';
