-- Of the facts of TaskEnqueued, what its caller asked for: without what depends on when and by whom it was enqueued, on what stood there
-- then, and on the limits of its queue and type at that time.
create or replace function pulp.asked_content(facts jsonb) returns jsonb
language sql immutable parallel safe as $$
  select facts - array['run_after', 'owner', 'trace_context', 'unique_key'] #- '{options,unique_until}' #- '{options,not_before}'
    || case when facts -> 'options' ? 'asked_after' then jsonb_build_object('options',
      (facts -> 'options') - array['unique_until', 'not_before', 'asked_after'] || jsonb_build_object('after', facts #> '{options,asked_after}'))
      else '{}' end
    || jsonb_build_object('shared_resources',
      (facts -> 'shared_resources') - pulp.queue_resource(facts ->> 'queue') - pulp.type_resource(facts ->> 'name'))
$$;
comment on function pulp.asked_content is 'Of the facts of TaskEnqueued, what its caller asked for.';
