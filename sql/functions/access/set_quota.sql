-- Sets what an owner may ask for: an object with max_priority, queues, max_claims, max_tasks, max_bytes, of which what is not named has no
-- limit; null takes the quota away. "*" is for all who have none of their own. For operators.
create or replace function pulp.set_quota(owner text, limits jsonb) returns void
language plpgsql security definer set search_path = pulp, pg_temp as $$
#variable_conflict use_column
declare
  known constant text[] := array['max_priority', 'queues', 'max_claims', 'max_tasks', 'max_bytes'];
  before jsonb;
begin
  if jsonb_typeof(limits) <> 'object' or limits - known <> '{}' or coalesce(owner, '') = '' then
    raise exception 'a quota is an object of %, of an owner', array_to_string(known, ', ') using errcode = 'PU004',
      hint = 'Correct it; nothing was changed.';
  end if;
  lock table pulp.quota in share row exclusive mode; -- one after the other; who reads does not wait
  delete from pulp.quota q where q.owner = set_quota.owner returning jsonb_strip_nulls(to_jsonb(q) - 'owner') into before;
  if limits is not null then
    begin
      insert into pulp.quota select (jsonb_populate_record(null::pulp.quota, limits || jsonb_build_object('owner', owner))).*;
    exception
      when data_exception or check_violation then
        raise exception 'a quota is of positive integers, max_claims also of 0, and of an array of queues: %', sqlerrm using errcode = 'PU004',
          hint = 'Correct it; nothing was changed.';
    end;
  end if;
  perform pulp.append_system_event('quota', 'QuotaChanged', jsonb_build_object('owner', owner, 'before', before, 'after', limits));
end $$;
comment on function pulp.set_quota is 'Sets what an owner may ask for.';
