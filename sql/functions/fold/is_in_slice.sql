-- Whether a stream belongs to one of so many slices of the log, counted from 0; to all, where none is named. Tasks fall into
-- slices of about the same size.
create or replace function pulp.is_in_slice(stream_id text, slice integer, slices integer) returns boolean
language sql immutable parallel safe as $$
  select slice is null or (hashtext(stream_id) & 2147483647) % slices = slice
$$;
comment on function pulp.is_in_slice is 'Whether a stream belongs to a slice of the log.';
