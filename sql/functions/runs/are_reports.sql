-- Whether these are reports of a run as they may be recorded: at most 100, each with a code of its own.
create or replace function pulp.are_reports(reports jsonb) returns boolean
language sql immutable parallel safe as $$
  select jsonb_typeof(reports) = 'array' and jsonb_array_length(reports) between 1 and 100
    and (select count(distinct r -> 'code') from jsonb_array_elements(reports) r) = jsonb_array_length(reports)
    and not exists (
      select from jsonb_array_elements(reports) r
      where (jsonb_typeof(r) = 'object' and r - array['code', 'message', 'state', 'total', 'done', 'suffix'] = '{}'
        and jsonb_typeof(r -> 'code') = 'string' and octet_length(r ->> 'code') between 1 and 256
        and jsonb_typeof(r -> 'message') = 'string' and octet_length(r ->> 'message') <= 4096
        and r ->> 'state' in ('waiting', 'running', 'completed', 'skipped', 'failed', 'canceled')
        and jsonb_typeof(r -> 'done') = 'number' and coalesce(jsonb_typeof(r -> 'total') in ('number', 'null'), true)
        and coalesce(jsonb_typeof(r -> 'suffix') in ('string', 'null'), true) and octet_length(coalesce(r ->> 'suffix', '')) <= 256
        and not pulp.has_huge_number(r)) is not true)
$$;
comment on function pulp.are_reports is 'Whether these are reports of a run as they may be recorded.';
