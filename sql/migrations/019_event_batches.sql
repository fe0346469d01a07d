-- The events of tasks are appended in batches: one row holds all events of one type that one transaction appends to many
-- streams. What was a table of single events keeps those of workers and of the system, and those of tasks that were appended
-- before; pulp.event is a view over both.

-- What others have made of the table would go on to read it, and miss all that comes without a word.
do $$
declare
  bound text;
begin
  select string_agg(distinct b.name, ', ') into bound
    from (
      select format('view %s', r.ev_class::regclass) as name
      from pg_depend d join pg_rewrite r on r.oid = d.objid
      where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = 'pulp.event'::regclass
        and r.ev_class <> 'pulp.event'::regclass
      union all
      select format('publication %I', p.pubname)
      from pg_publication_rel x join pg_publication p on p.oid = x.prpubid where x.prrelid = 'pulp.event'::regclass
    ) b;
  if bound is not null then
    raise exception 'pulp.event becomes a view over two tables, and these would not see what comes: %', bound
      using errcode = 'object_in_use', hint = 'Drop them, migrate, and make them again: views as they were, publications of pulp.event_batch and pulp.event_single.';
  end if;
end $$;

-- Functions on events are made anew, for the view's row is another type than the table's.
do $$
declare
  made_anew record;
begin
  for made_anew in
    select p.oid::regprocedure as signature, p.prokind
    from pg_proc p
    where p.pronamespace = 'pulp'::regnamespace
      and array['pulp.event'::regtype::oid, 'pulp.event[]'::regtype::oid] && (p.proargtypes::oid[] || p.prorettype || p.proallargtypes)
    order by p.prokind = 'a' desc
  loop
    execute format('drop %s %s', case made_anew.prokind when 'a' then 'aggregate' else 'function' end, made_anew.signature);
  end loop;
end $$;
drop function if exists pulp.fold_range(text, integer);
drop function if exists pulp.fold_tasks(text, text, uuid[]);
drop function if exists pulp.fold_differences(text, text, uuid[]);
drop function if exists pulp.verify_folds(text, text, uuid[]);
drop function if exists pulp.verify_lives(text, text, uuid[]);
drop function if exists pulp.verify_streams(text, text, uuid[]);
drop function if exists pulp.rebuild_range(text, text, boolean);
drop function if exists pulp.append_task_events(uuid[], text[], jsonb[]);
drop function if exists pulp.check_same_content(uuid[], jsonb[], text[]);
drop function if exists pulp.task_leaves();

alter table pulp.event rename to event_single;
comment on table pulp.event_single is 'Events, one a row: of workers and of the system, and those of tasks from before there were batches.';
comment on table pulp.event_task is 'Class of what happened to tasks before there were batches; its leaves go as their tasks are purged and archived.';

-- Positions come in blocks, of which each batch takes one: an event's position is that of its batch's first and its place in it.
alter sequence pulp.event_position increment by 1024;
select setval('pulp.event_position', (last_value / 1024 + 1) * 1024, false) from pulp.event_position;

create table pulp.event_batch (
  first bigint not null,
  tx xid8 not null,
  recorded_at timestamptz not null,
  size integer not null check (size between 1 and 1024),
  version integer,
  schema_version smallint not null,
  type text not null collate "C",
  actor text,
  common jsonb not null,
  ids uuid[] not null,
  versions integer[],
  facts jsonb,
  correlation_ids text[],
  causation_ids uuid[]
) partition by range (recorded_at);
comment on table pulp.event_batch is 'What happened to tasks, in batches; leaves by month, archived when all their tasks are purged. Never updated, never deleted.';
comment on column pulp.event_batch.first is 'Position of its first event; the others follow without gaps.';
comment on column pulp.event_batch.tx is 'What puts it in order: see pulp.event.tx.';
comment on column pulp.event_batch.recorded_at is 'When, by the database''s clock.';
comment on column pulp.event_batch.size is 'How many events it holds.';
comment on column pulp.event_batch.version is 'Ordinal of each event within its stream, where it is one and the same for all.';
comment on column pulp.event_batch.schema_version is 'Version of the shape of the facts for this type.';
comment on column pulp.event_batch.type is 'What happened, in the past tense.';
comment on column pulp.event_batch.actor is 'Who appended it.';
comment on column pulp.event_batch.common is 'The facts that all its events have in common.';
comment on column pulp.event_batch.ids is 'The tasks, one an event.';
comment on column pulp.event_batch.versions is 'Ordinal of each event within its stream; null where all have the same.';
comment on column pulp.event_batch.facts is 'An array of what each event says beside what all have in common; null if there is nothing.';
comment on column pulp.event_batch.correlation_ids is 'Of each event, what joins it to others of one request, if that is not its own task''s id; null if no event has any.';
comment on column pulp.event_batch.causation_ids is 'Of each event, the task in whose run it was caused; null if no event has any.';

create trigger append_only before update or delete on pulp.event_batch
  for each row execute function pulp.refuse_history_change();

-- The planner puts it into the query that calls it: what is not asked for is not made.
create function pulp.batch_events(batch pulp.event_batch) returns table (
  "position" bigint, tx xid8, stream_kind text, stream_id text, version integer, type text,
  schema_version smallint, data jsonb, correlation_id text, causation_id uuid, actor text, recorded_at timestamptz
)
language sql immutable parallel safe rows 50 as $$
  select batch.first + e.ordinality - 1, batch.tx, 'task' collate "C", e.id::text collate "C", coalesce(batch.version, e.version),
    batch.type, batch.schema_version, case when e.facts is null then batch.common else batch.common || e.facts end,
    coalesce(e.correlation_id, e.id::text), e.causation_id, batch.actor, batch.recorded_at
  from rows from (
    unnest(batch.ids), unnest(batch.versions), jsonb_array_elements(batch.facts), unnest(batch.correlation_ids),
    unnest(batch.causation_ids)
  ) with ordinality as e (id, version, facts, correlation_id, causation_id, ordinality)
$$;
comment on function pulp.batch_events is 'The events of a batch, in their order.';

create view pulp.event as
select e.* from pulp.event_batch b cross join lateral pulp.batch_events(b) e
union all
select s.position, s.tx, s.stream_kind, s.stream_id, s.version, s.type, s.schema_version, s.data, s.correlation_id, s.causation_id,
  s.actor, s.recorded_at
from pulp.event_single s;

comment on view pulp.event is 'What happened, one event a row. To read the stream of one task, use pulp.history(id): here it would be looked for in all batches.';
do $$ -- of its columns what the table says of them
declare
  shown record;
begin
  for shown in
    select a.attname as name, col_description(a.attrelid, a.attnum) as meaning
    from pg_attribute a where a.attrelid = 'pulp.event_single'::regclass and a.attnum > 0 and not a.attisdropped
  loop
    execute format('comment on column pulp.event.%I is %L', shown.name, shown.meaning);
  end loop;
end $$;

create trigger append_only instead of update or delete on pulp.event
  for each row execute function pulp.refuse_history_change();

-- Who was allowed to read the table may read the view.
do $$
declare
  reader text;
begin
  for reader in
    select case a.grantee when 0 then 'public' else a.grantee::regrole::text end
    from pg_class c cross join lateral aclexplode(c.relacl) a
    where c.oid = 'pulp.event_single'::regclass and a.privilege_type = 'SELECT'
  loop
    execute format('grant select on pulp.event to %s', reader);
  end loop;
end $$;

-- A purge of tasks whose ids are so young that nobody asks whether one was used before: until when it has to be asked.
create table pulp.young_purge (
  one boolean primary key default true check (one),
  until timestamptz not null
);
comment on table pulp.young_purge is 'Until when new ids have to be compared with those of purged tasks, since very young tasks were purged; one row or none.';
comment on column pulp.young_purge.one is 'There is one row at most.';
comment on column pulp.young_purge.until is 'Until when.';
