-- Sets the policy of the engine: shared, where callers see and cancel each other's tasks, or owner, where they are apart: a submitter
-- sees and cancels his own tasks only, and of the log nothing but their histories; an observer sees all tasks, but neither the log nor
-- any payload. Workers and operators see and act on all in any case. For the owner of the schema. Gives the policy before.
create or replace function pulp.set_policy(policy text) returns text
language plpgsql as $$
declare
  before text;
begin
  if (policy in ('shared', 'owner')) is not true then
    raise exception 'policy: there is no "%"', policy using errcode = 'PU004', hint = 'Give shared or owner.';
  end if;
  select s.value into before from pulp.setting s where s.name = 'policy' for no key update;
  if before is distinct from policy then
    perform pulp.lock_owned_tables();
    update pulp.setting s set value = policy where s.name = 'policy';
    perform pulp.append_system_event('policy', 'PolicyChanged', jsonb_build_object('before', before, 'after', policy));
    perform pulp.apply_policy();
  end if;
  return before;
end $$;
comment on function pulp.set_policy is 'Sets the policy of the engine; gives the one before.';
