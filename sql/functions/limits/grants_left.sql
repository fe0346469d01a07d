-- How many claims of a resource its rate lets be granted now; without a rate, more than there are.
create or replace function pulp.grants_left(known pulp.resource_limit) returns bigint
language plpgsql stable as $$
begin
  if known.rate is null then
    return 1::bigint << 52;
  end if;
  return greatest(0, known.rate - (
    select coalesce(sum(u.number), 0) from pulp.rate_use u
    where u.resource = known.resource and u.free_again_at > clock_timestamp()));
end $$;
comment on function pulp.grants_left is 'How many claims of a resource its rate lets be granted now.';
