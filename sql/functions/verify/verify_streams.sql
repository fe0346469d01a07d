-- All rules that concern tasks one by one: task_as_folded, claims_as_folded, stream_readable (a task's row and its claims are what its events tell,
-- and every stream can be folded, which it cannot with a gap or without its beginning), and those that its events keep among themselves (see
-- pulp.broken_rule). Slice and list as in fold_tasks.
create or replace function pulp.verify_streams(slice integer default null, slices integer default null, only_ids uuid[] default null)
returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return query
    select broken.*
    from pulp.fold_differences(verify_streams.slice, verify_streams.slices, verify_streams.only_ids) d
    cross join lateral (
      select 'stream_readable', 'task', d.stream_id, d.refusal, null::jsonb, null::jsonb
      where d.refusal is not null
      union all
      select 'task_as_folded', 'task', d.stream_id, case
          when d.task_there is null then 'its row is not there'
          when d.task_told is null then 'it has a row, and the log tells nothing of it'
          else 'its row is not what its events tell' end,
        pulp.verify_columns(to_jsonb(d.task_told), to_jsonb(d.task_there)),
        pulp.verify_columns(to_jsonb(d.task_there), to_jsonb(d.task_told))
      where d.refusal is null and d.task_told is distinct from d.task_there
      union all
      select 'claims_as_folded', 'task', d.stream_id, 'its claims are not what its events tell',
        pulp.verify_elements(to_jsonb(d.claims_told), to_jsonb(d.claims_there)),
        pulp.verify_elements(to_jsonb(d.claims_there), to_jsonb(d.claims_told))
      where d.refusal is null and d.claims_told is distinct from d.claims_there
      union all
      select * from unnest(d.broken)
    ) broken;
end $$;
comment on function pulp.verify_streams is 'All rules that concern tasks one by one.';
