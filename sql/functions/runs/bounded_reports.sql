-- Reports of runs as they may be recorded: those whose result, error or progress is longer or deeper than a payload may be are told
-- otherwise, and no other one is concerned: such a run counts as failed with RESULT_REFUSED, such progress says what was wrong with
-- it. Workers check what their tasks give before; this is for all others. Of a batch that is no longer than one payload may be only
-- the depth is looked at, so that it costs next to nothing.
create or replace function pulp.bounded_reports(items jsonb) returns jsonb
language plpgsql stable as $$
begin
  if pg_column_size(items) <= 1048576
    and not jsonb_path_exists(items, 'strict $[*].**{65 to last} ? (@.type() == "array" || @.type() == "object")') then
    return items;
  end if;
  return (
    select jsonb_agg(
      i.item
        || case when problem.of_end is null then '{}' else jsonb_build_object('outcome', 'failed', 'retry', false, 'result', null,
          'error', jsonb_build_object('code', 'RESULT_REFUSED', 'name', 'Error', 'message', problem.of_end)) end
        || case when problem.of_progress is null then '{}' else jsonb_build_object('progress', problem.of_progress) end
      order by i.ordinality)
    from jsonb_array_elements(items) with ordinality as i(item, ordinality)
    cross join lateral (
      select coalesce(pulp.payload_problem(i.item -> 'result', 'result'), pulp.payload_problem(i.item -> 'error', 'error')) as of_end,
        pulp.payload_problem(i.item -> 'progress', 'progress') as of_progress
    ) problem);
end $$;
comment on function pulp.bounded_reports is 'Reports of runs as they may be recorded.';
