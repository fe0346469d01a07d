-- Positions for so many events that are appended together, ascending: without gaps, but between blocks.
create or replace function pulp.new_positions(number integer) returns bigint[]
language plpgsql as $$
declare
  first bigint := nextval('pulp.event_position');
  positions bigint[];
begin
  if number = 1 then
    return array[first]; -- by far the most frequent where there is little to do, without a query
  end if;
  positions := array(select first + place from generate_series(0, least(number, pulp.block_size()) - 1) as place);
  if number > pulp.block_size() then
    positions := positions || pulp.new_positions(number - pulp.block_size());
  end if;
  return positions;
end $$;
comment on function pulp.new_positions is 'Positions for so many events that are appended together.';
