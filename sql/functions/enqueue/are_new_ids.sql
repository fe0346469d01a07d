-- Whether all these ids grow with time and were made within ten minutes: no task can have had one of them and been purged.
create or replace function pulp.are_new_ids(ids uuid[]) returns boolean
language plpgsql stable as $$
declare
  now_ms constant bigint := extract(epoch from clock_timestamp()) * 1000;
begin
  return rpad(lpad(to_hex(now_ms - 600000), 12, '0'), 32, '0')::uuid <= all (ids)
    and rpad(lpad(to_hex(now_ms + 600000), 12, '0'), 32, '0')::uuid >= all (ids);
end $$;
comment on function pulp.are_new_ids is 'Whether ids were made within ten minutes.';
