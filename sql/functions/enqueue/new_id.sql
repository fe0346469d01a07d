-- An id that grows with time (UUID version 7), so that the newest tasks lie together in the indexes.
create or replace function pulp.new_id() returns uuid
language sql volatile parallel safe as $$
  select encode(
    set_bit(
      set_bit(
        overlay(uuid_send(gen_random_uuid())
          placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
        52, 1),
      53, 1),
    'hex')::uuid
$$;
comment on function pulp.new_id is 'A new task id, ordered by time.';
