-- Refuses the first of these requests (see pulp.requests) with which something is wrong.
create or replace function pulp.refuse_bad_item(
  common jsonb, ids jsonb, args jsonb, kwargs jsonb, resources jsonb, shared_resources jsonb, items jsonb
) returns void
language plpgsql stable as $$
declare
  bad record;
begin
  select r.ordinality - 1 as index, problem into bad
    from pulp.requests(common, ids, args, kwargs, resources, shared_resources, items) r
    cross join lateral pulp.item_problem(r.item) as problem
    where problem is not null
    order by r.ordinality limit 1;
  if found then
    raise exception '%', bad.problem using errcode = 'PU004',
      detail = jsonb_build_object('item', bad.index), hint = 'Correct this value; nothing was enqueued.';
  end if;
end $$;
comment on function pulp.refuse_bad_item is 'Refuses the first of these requests with which something is wrong.';
