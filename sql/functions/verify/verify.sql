-- Whether the log and all that follows from it are in order, as of one snapshot; whoever works meanwhile is not disturbed.
-- With a sample only so many random tasks are looked at. Gives what breaks a rule: none if all is well.
create or replace function pulp.verify(sample integer default null) returns setof pulp.violation
language plpgsql stable security definer set search_path = pulp, pg_temp set jit = off as $$
declare
  only_ids constant uuid[] := case when sample is not null then pulp.verify_sample(sample) end;
begin
  return query select * from pulp.verify_streams(only_ids => only_ids);
  return query select * from pulp.verify_tables(only_ids);
  if only_ids is null then
    return query select * from pulp.verify_runs_apart();
    return query select * from pulp.verify_units();
    return query select * from pulp.verify_workers();
    return query select * from pulp.verify_holds();
    return query select * from pulp.verify_numbers();
    return query select * from pulp.verify_counts();
    return query select * from pulp.verify_eras();
    return query select * from pulp.verify_leaves();
  end if;
end $$;
comment on function pulp.verify is 'What breaks a rule of the log, or of the tables that follow from it.';
