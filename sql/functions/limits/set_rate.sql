-- Says how many claims of a resource are granted at most within any so many seconds. Null: there is no limit any more. For operators.
create or replace function pulp.set_rate(
  resource text, rate integer, per_seconds double precision default 1, reason text default null
) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
begin
  if rate not between 1 and 1000000 then
    raise exception 'rate: must be an integer between 1 and 1000000, or null for no limit' using errcode = 'PU004',
      hint = 'To have nothing of it begin, pause the resource; nothing was changed.';
  elsif rate is not null and (per_seconds between 0.1 and 2678400) is not true then
    raise exception 'rate: the period must be between 0.1 seconds and 31 days' using errcode = 'PU004',
      hint = 'Correct this value; nothing was changed.';
  end if;
  perform pulp.change_limit(resource, 'RateChanged',
    jsonb_build_object('rate', rate, 'per_seconds', case when rate is not null then per_seconds::numeric end), reason);
end $$;
comment on function pulp.set_rate is 'Says how many claims of a resource are granted at most within a time.';
