-- Of the facts of TaskEnqueued, what its caller asked for: without what depends on when and by whom it was enqueued, and on the limits of
-- its queue and type at that time.
create or replace function pulp.asked_content(facts jsonb) returns jsonb
language sql immutable parallel safe as $$
  select facts - array['run_after', 'owner', 'trace_context', 'unique_key'] #- '{options,unique_until}' #- '{options,not_before}' || jsonb_build_object('shared_resources',
    (facts -> 'shared_resources') - pulp.queue_resource(facts ->> 'queue') - pulp.type_resource(facts ->> 'name'))
$$;
comment on function pulp.asked_content is 'Of the facts of TaskEnqueued, what its caller asked for.';
