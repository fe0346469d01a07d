-- By what publications are put in order: one whose user named a release (PULP_RELEASE) is newer than any that names none.
-- Named ones are compared as texts whose numbers count as such (v1.10 comes after v1.9, 2026-12-01 after 2026-11-30), the
-- others by when their tasks file was modified; those that are alike by the version of this package. (Bytes: no collation has a say.)
create or replace function pulp.release_rank(published pulp.task_type) returns bytea[]
language sql immutable parallel safe as $$
  select array[
    convert_to(coalesce(pulp.release_key(published.release), ''), 'UTF8'),
    convert_to(case when published.release is null
      then coalesce(lpad(round(extract(epoch from published.modified_at) * 1000)::text, 16, '0'), '') else '' end, 'UTF8'),
    convert_to(coalesce(pulp.release_key(published.package), ''), 'UTF8')]
$$;
comment on function pulp.release_rank is 'By what publications of a task type are put in order.';
