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
