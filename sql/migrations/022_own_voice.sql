-- Replaced by functions with other parameters.
drop function if exists pulp.value_problem(jsonb, text, integer);

-- Whom the resource manager looks at first is no longer who came first alone: of many tasks that one transaction brings, each
-- takes its turn behind those that others bring meanwhile.
create sequence pulp.wakeup_turn;
alter table pulp.wakeup
  add column turn bigint not null default nextval('pulp.wakeup_turn'),
  add column claims integer not null default 1,
  drop constraint wakeup_pkey,
  add primary key (turn, id);
alter sequence pulp.wakeup_turn owned by pulp.wakeup.turn;
comment on sequence pulp.wakeup_turn is 'Turns of what the resource manager has to look at: one for each transaction that brings tasks, and for each resource that is let go of.';
comment on column pulp.wakeup.id is 'Order of coming, of those whose turn is the same.';
comment on column pulp.wakeup.turn is 'Order of looking. Of the tasks that one transaction brings, each comes so many turns after the first as those before it have claims.';
comment on column pulp.wakeup.claims is 'How many claims are to be looked at.';

-- Numbers of resources and of workers' names begin anew at their end, and pass over those that are in use.
create sequence pulp.resource_number as integer cycle;
create sequence pulp.worker_name_number as integer cycle;
comment on sequence pulp.resource_number is 'Numbers of resources, for their advisory locks; they begin anew at their end.';
comment on sequence pulp.worker_name_number is 'Numbers of workers'' names, for their advisory locks; they begin anew at their end.';
select setval('pulp.resource_number', last_value, is_called) from pulp.resource_id_seq;
select setval('pulp.worker_name_number', last_value, is_called) from pulp.worker_name_id_seq;
create function pulp.new_resource_number() returns integer
language plpgsql as $$
declare
  number integer;
begin
  loop
    number := nextval('pulp.resource_number');
    exit when not exists (select from pulp.resource r where r.id = number);
  end loop;
  return number;
end $$;
comment on function pulp.new_resource_number is 'A number that no resource has.';
create function pulp.new_worker_name_number() returns integer
language plpgsql as $$
declare
  number integer;
begin
  loop
    number := nextval('pulp.worker_name_number');
    exit when not exists (select from pulp.worker_name n where n.id = number);
  end loop;
  return number;
end $$;
comment on function pulp.new_worker_name_number is 'A number that no worker''s name has.';
alter table pulp.resource alter column id drop identity, alter column id set default pulp.new_resource_number();
alter table pulp.worker_name alter column id drop identity, alter column id set default pulp.new_worker_name_number();
alter sequence pulp.resource_number owned by pulp.resource.id;
alter sequence pulp.worker_name_number owned by pulp.worker_name.id;
