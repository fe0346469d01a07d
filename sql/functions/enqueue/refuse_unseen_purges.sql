-- Refuses ids that may have been purged since the caller's snapshot, for transactions of repeatable read and serializable: they do not see it.
-- The row of a task that was purged meanwhile is there beside the new one; of a purge of young tasks the lock of its note tells.
create or replace function pulp.refuse_unseen_purges(ids uuid[]) returns void
language plpgsql as $$
begin
  perform from pulp.young_purge p for share;
  if (select count(*) from pulp.task t where t.id = any (ids)) > (select count(distinct i) from unnest(ids) as i) then
    raise exception 'a task with one of these ids was purged after this transaction began' using errcode = 'serialization_failure',
      hint = 'Repeat the transaction.';
  end if;
end $$;
comment on function pulp.refuse_unseen_purges is 'Refuses ids that may have been purged since the caller''s snapshot.';
