-- A length of time in seconds: a number of seconds, or a text such as 500ms, 30s, 10m, 2h, 1d, 1w. Null if it is neither, or
-- longer than a century.
create or replace function pulp.duration_seconds(duration jsonb) returns double precision
language plpgsql immutable strict parallel safe as $$
declare
  part text[];
  seconds numeric;
begin
  if jsonb_typeof(duration) = 'number' then
    seconds := duration::text;
  else
    part := regexp_match(duration #>> '{}', '^([0-9]{1,10}(?:[.][0-9]{1,6})?)(ms|s|m|h|d|w)$');
    seconds := part[1]::numeric
      * case part[2] when 'ms' then 0.001 when 's' then 1 when 'm' then 60 when 'h' then 3600 when 'd' then 86400 when 'w' then 604800 end;
  end if;
  return case when seconds between 0 and 3155760000 then seconds::double precision end;
end $$;
comment on function pulp.duration_seconds is 'A length of time in seconds, or null if it cannot be read.';
