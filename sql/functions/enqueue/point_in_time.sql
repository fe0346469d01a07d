-- A point in time written in ISO 8601 with its offset, or null if it cannot be read.
create or replace function pulp.point_in_time(written text) returns timestamptz
language plpgsql stable as $$
begin
  if written is null or written !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' then
    return null;
  end if;
  return written::timestamptz;
exception
  when datetime_field_overflow or invalid_datetime_format then
    return null;
end $$;
comment on function pulp.point_in_time is 'A point in time written in ISO 8601 with its offset, or null.';
