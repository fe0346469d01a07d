-- What becomes of a run whose worker is gone: the type of the event that ends it, and whether that is for the task having
-- cost too many workers (lost_workers: how many it had cost before). A worker that is lost went without a word: its runs end
-- as on_worker_loss says. One that is not has stopped, and on_worker_stop says it. Both are those of the task's type, null
-- if no worker has published it. A run that was to be canceled is canceled in any case.
create or replace function pulp.run_after_loss(
  state text, on_worker_loss text, on_worker_stop text, lost_workers integer, lost boolean,
  out ends_with text, out is_poisonous boolean
)
language sql immutable parallel safe as $$
  select case
      when state = 'canceling' then 'TaskCanceled'
      when not lost then case on_worker_stop when 'requeue' then 'TaskInterrupted' else 'TaskCanceled' end
      when on_worker_loss = 'retry' and lost_workers + 1 < pulp.most_lost_workers() then 'TaskRetryScheduled'
      when on_worker_loss in ('retry', 'fail') then 'TaskFailed'
      else 'TaskCanceled' end,
    coalesce(state <> 'canceling' and lost and on_worker_loss = 'retry' and lost_workers + 1 >= pulp.most_lost_workers(), false)
$$;
comment on function pulp.run_after_loss is 'What becomes of a run whose worker is gone.';
