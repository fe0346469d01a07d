-- When a period began that ends at a moment; one that is none is refused.
create or replace function pulp.period_begin(period interval, ends timestamptz) returns timestamptz
language plpgsql immutable parallel safe as $$
begin
  if (period > interval '0' and period <= interval '100 years') is not true then
    raise exception 'cannot look back over %', coalesce(period::text, 'null') using errcode = 'PU004',
      hint = 'Give a length of time, such as 1 hour.';
  end if;
  return ends - period;
end $$;
comment on function pulp.period_begin is 'When a period began that ends at a moment.';
