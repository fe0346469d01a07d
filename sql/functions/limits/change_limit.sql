-- Records a change of a resource's limits, and has the resource manager look at its line. Neither the manager nor a worker's turn grants
-- anything by the old ones meanwhile: each grant is before the change, or follows it.
create or replace function pulp.change_limit(resource text, type text, facts jsonb, reason text) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  name constant text := pulp.limited_resource(resource);
  known pulp.resource_limit;
begin
  perform pulp.check_reason(reason);
  perform pg_advisory_xact_lock(pulp.lock_class('grant'), 0);
  select * into known from pulp.resource_limit l where l.resource = name for update;
  known := pulp.evolve_limit(known, pulp.append_system_event(
    'limit/' || name, type, facts || jsonb_build_object('resource', name, 'reason', reason)));
  delete from pulp.resource_limit l where l.resource = name;
  if known.capacity is not null or known.rate is not null then
    insert into pulp.resource_limit select known.*;
  end if;
  delete from pulp.rate_use u where u.resource = name and known.rate is null;
  update pulp.rate_use u set free_again_at = u.granted_at + known.per_seconds * interval '1 s' where u.resource = name;
  insert into pulp.wakeup (resource, mode) values (name, 'exclusive');
  perform pulp.notify('pulp_grant', '');
end $$;
comment on function pulp.change_limit is 'Records a change of a resource''s limits.';
