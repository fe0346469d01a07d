-- Refuses a worker's report on runs that it does not own any more; the detail names their tasks.
create or replace function pulp.refuse_fenced(worker text, tasks uuid[]) returns void
language plpgsql as $$
begin
  raise exception 'worker "%" no longer owns the run of % task(s)', worker, cardinality(tasks) using errcode = 'PU001',
    detail = to_jsonb(tasks), hint = 'Give these runs up; what they report is not accepted.';
end $$;
comment on function pulp.refuse_fenced is 'Refuses a worker''s report on runs that it does not own any more.';
