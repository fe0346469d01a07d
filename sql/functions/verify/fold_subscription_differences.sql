-- Where subscriptions are not what the log tells.
create or replace function pulp.fold_subscription_differences() returns table (stream text, told pulp.subscription, there pulp.subscription)
language sql stable as $$
  select pulp.subscription_stream(name), t.told, x.there
  from (select s.name, s as told from pulp.subscription_at() s) t
  full join (select s.name, s as there from pulp.subscription s) x using (name)
  where pulp.subscription_facts(t.told) is distinct from pulp.subscription_facts(x.there)
$$;
comment on function pulp.fold_subscription_differences is 'Where subscriptions are not what the log tells.';
