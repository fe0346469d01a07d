-- What callers and workers go by of a published task type, without who published it when.
create or replace function pulp.publication(published pulp.task_type) returns jsonb
language sql stable parallel safe as $$
  select to_jsonb(published) - array['name', 'published_by', 'published_at', 'modified_at', 'package']
$$;
comment on function pulp.publication is 'What callers and workers go by of a published task type.';
