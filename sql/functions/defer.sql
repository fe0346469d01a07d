-- Keeps tasks with claims out of line until they are due.
create or replace function pulp.defer(ids uuid[], dues timestamptz[]) returns void
language plpgsql as $$
begin
  insert into pulp.deferred (task_id, due_at) select * from unnest(ids, dues);
  perform pg_notify('pulp_grant', ''); -- the resource manager sets its timer anew
end $$;
comment on function pulp.defer is 'Keeps tasks with claims out of line until they are due.';
