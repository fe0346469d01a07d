-- A JSON array of strings as text[]; null and [] give an empty one.
create or replace function pulp.text_array(list jsonb) returns text[]
language plpgsql immutable parallel safe as $$
begin
  if list is null or list = '[]' or list = 'null' then
    return '{}';
  elsif jsonb_array_length(list) = 1 then
    return array[list ->> 0]; -- by far the most frequent, without a query
  end if;
  return array(select jsonb_array_elements_text(list));
end $$;
comment on function pulp.text_array is 'A JSON array of strings as text[].';
