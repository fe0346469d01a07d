-- Refuses a call that asks for more than its owner's quota allows. Facts are those of TaskEnqueued.
create or replace function pulp.check_quota(owner text, common jsonb, facts jsonb[]) returns void
language plpgsql stable as $$
#variable_conflict use_column
declare
  quota pulp.quota;
  asked record;
  problem text;
begin
  select q.* into quota from pulp.quota q
    where q.owner in (check_quota.owner, '*') order by q.owner = '*' limit 1;
  if not found then
    return;
  end if;
  select max((f.all_facts ->> 'priority')::integer) as priority,
      min(f.all_facts ->> 'queue') filter (where f.all_facts ->> 'queue' <> all (quota.queues)) as queue,
      sum(jsonb_array_length(f.all_facts -> 'exclusive_resources') + jsonb_array_length(f.all_facts -> 'shared_resources')) as claims,
      sum(pg_column_size(f.all_facts -> 'args') + pg_column_size(f.all_facts -> 'kwargs')) as bytes
    into asked
    from (select common || own as all_facts from unnest(facts) as own offset 0) f;
  problem := case
    when cardinality(facts) > quota.max_tasks then format('%s tasks in one call, of %s', cardinality(facts), quota.max_tasks)
    when asked.priority > quota.max_priority then format('priority %s, of %s', asked.priority, quota.max_priority)
    when asked.queue is not null then format('queue "%s", of %s', asked.queue, array_to_string(quota.queues, ', '))
    when asked.claims > quota.max_claims then format('%s claims in one call, of %s', asked.claims, quota.max_claims)
    when asked.bytes > quota.max_bytes then format('%s bytes of arguments in one call, of %s', asked.bytes, quota.max_bytes) end;
  if problem is not null then
    raise exception 'more than the quota of "%" allows: %', owner, problem using errcode = 'PU023',
      hint = 'Ask for less at once, or an operator for more (pulp.set_quota); nothing was enqueued.';
  end if;
end $$;
comment on function pulp.check_quota is 'Refuses a call that asks for more than its owner''s quota allows.';
