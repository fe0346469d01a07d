-- The log's leaves of tasks, the oldest first, with the table that each is a part of: how far each is on its way out of the log. It is "attached" as long as its
-- events can be read there, "detaching" where leaving it was broken off, "detached" when it only has to be dropped.
-- "archive" is what its last LeafArchived says.
create or replace function pulp.task_leaves()
returns table (class text, leaf text, starts timestamptz, ends timestamptz, attachment text, archive jsonb)
language sql stable as $$
  select l.class, l.leaf, l.month at time zone 'UTC', (l.month + interval '1 month') at time zone 'UTC', l.attachment,
    (select e.data from pulp.event_single e where e.stream_kind = 'system' and e.stream_id = l.leaf and e.type = 'LeafArchived'
      order by e.position desc limit 1)
  from (
    select left(c.relname, -8) as class, c.relname::text as leaf, to_date(right(c.relname, 7), 'YYYY_MM')::timestamp as month,
      case i.inhdetachpending when false then 'attached' when true then 'detaching' else 'detached' end as attachment
    from pg_class c left join pg_inherits i on i.inhrelid = c.oid
    where c.relnamespace = 'pulp'::regnamespace and c.relkind = 'r' and c.relname ~ '^event_(task|batch)_[0-9]{4}_[0-9]{2}$'
  ) l
  order by l.month, l.class desc
$$;
comment on function pulp.task_leaves is 'The log''s leaves of tasks, and how far each is on its way out.';
