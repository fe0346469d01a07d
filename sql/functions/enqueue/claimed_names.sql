-- The names of the resources in a checked list (see pulp.resource_name), each once and sorted, but for those that are claimed
-- already.
create or replace function pulp.claimed_names(list jsonb, claimed jsonb default '[]') returns jsonb
language plpgsql immutable parallel safe as $$
begin
  if list is null or list = '[]' then
    return '[]';
  elsif jsonb_array_length(list) = 1 and claimed = '[]' then
    return jsonb_build_array(pulp.resource_name(list ->> 0)); -- by far the most frequent, without a query
  end if;
  return to_jsonb(array(
    select distinct name from jsonb_array_elements_text(list) as resource
    cross join lateral pulp.resource_name(resource) as name
    where not claimed ? name order by name));
end $$;
comment on function pulp.claimed_names is 'The names of the resources in a list, each once and sorted.';
