-- Skips these locked tasks, which wait for others and can never begin.
create or replace function pulp.skip_tasks(ids uuid[], facts jsonb[]) returns void
language plpgsql as $$
begin
  delete from pulp.dependency d where d.task_id = any (ids);
  delete from pulp.deferred d where d.task_id = any (ids);
  perform pulp.count_moves(ids, 'delayed', 'skipped');
  perform pulp.note_endings(ids, 'skipped', array_agg((a.task).id) filter (where (a.task).group_id is not null))
    from pulp.append_task_events('TaskSkipped', ids, facts) a;
  perform pulp.tell_ended(ids);
end $$;
comment on function pulp.skip_tasks is 'Skips tasks that wait for others and can never begin.';
