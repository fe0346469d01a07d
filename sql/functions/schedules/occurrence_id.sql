-- The id of the task of an occurrence: the same whoever makes it, whenever, so that none can be enqueued twice; it grows with the time
-- of the occurrence (UUID version 8).
create or replace function pulp.occurrence_id(schedule text, nominal_at timestamptz) returns uuid
language plpgsql immutable parallel safe as $$
declare
  ms constant bigint := greatest(0, floor(extract(epoch from nominal_at) * 1000));
  digest constant text := encode(sha256(convert_to(schedule || ' ' || ms, 'UTF8')), 'hex');
begin
  return lpad(to_hex(ms), 12, '0') || '8' || substr(digest, 1, 3) || '8' || substr(digest, 4, 15);
end $$;
comment on function pulp.occurrence_id is 'The id of the task of an occurrence.';
