-- The id of the task of an occurrence: the same whoever makes it, whenever, so that none can be enqueued twice; it grows with the time
-- of the occurrence (UUID version 8).
create or replace function pulp.occurrence_id(schedule text, nominal_at timestamptz) returns uuid
language sql immutable parallel safe as $$
  select encode(
    set_bit(set_bit(set_bit(set_bit(set_bit(set_bit(
      overlay(substring(sha256(convert_to(schedule || ' ' || (extract(epoch from nominal_at) * 1000)::bigint, 'UTF8')) from 1 for 16)
        placing substring(int8send(greatest(0, floor(extract(epoch from nominal_at) * 1000))::bigint) from 3) from 1 for 6),
      55, 1), 54, 0), 53, 0), 52, 0), 71, 1), 70, 0),
    'hex')::uuid
$$;
comment on function pulp.occurrence_id is 'The id of the task of an occurrence.';
