-- All metrics that pulp.metrics() may give, with their kinds (gauge, counter or histogram) and what they mean.
create or replace function pulp.known_metrics() returns table (metric text, kind text, help text)
language sql immutable as $$
  values
    ('pulp_tasks', 'gauge', 'Tasks that are not over, by where they are: delayed, blocked by claims, claimable by a worker, running, canceling.'),
    ('pulp_tasks_enqueued_total', 'counter', 'Tasks that were enqueued.'),
    ('pulp_tasks_finished_total', 'counter', 'Tasks that became final, by outcome.'),
    ('pulp_task_retries_total', 'counter', 'Runs that failed and are tried again.'),
    ('pulp_task_interruptions_total', 'counter', 'Runs that ended without their fault and cost no attempt.'),
    ('pulp_task_runs_lost_total', 'counter', 'Runs that ended because their worker was lost.'),
    ('pulp_tasks_purged_total', 'counter', 'Tasks that were purged, by hand or since they had been kept for as long as they are to be.'),
    ('pulp_task_waiting_seconds', 'histogram', 'How long tasks waited for each of their runs since they were due.'),
    ('pulp_task_running_seconds', 'histogram', 'How long each run of a task took.'),
    ('pulp_queue_oldest_claimable_seconds', 'gauge', 'For how long the longest waiting task that a worker could start has been waiting for one.'),
    ('pulp_queue_workers', 'gauge', 'Workers that serve the queue, give signs of life and are able to run tasks.'),
    ('pulp_type_workers', 'gauge', 'Of the workers of a queue those that know a task type which tasks there have or had.'),
    ('pulp_workers', 'gauge', 'Workers by state: able; unable to run tasks; silent, so without a sign of life for the time that they are believed to live; missing; offline.'),
    ('pulp_worker_quiet_seconds', 'gauge', 'Time since the last sign of life of a worker that is online.'),
    ('pulp_workers_lost_total', 'counter', 'Workers that were lost: their death was told, or their lease ran out.'),
    ('pulp_leader_online', 'gauge', 'Whether a resource manager leads: 1 or 0.'),
    ('pulp_leader_info', 'gauge', 'Which worker leads as resource manager.'),
    ('pulp_leader_failing', 'gauge', 'Duties of the leader that fail.'),
    ('pulp_paused', 'gauge', 'What is paused: a queue, a type, a resource, or all.'),
    ('pulp_subscription_lag_seconds', 'gauge', 'Age of the oldest event that a subscription has not looked at.'),
    ('pulp_subscription_state', 'gauge', 'How each subscription is: active; failing, what is sent is not taken; stopped because of that; paused.'),
    ('pulp_tasks_held_back', 'gauge', 'Tasks that the leader could not bring forward and tries again apart from others; a thousand: or more.'),
    ('pulp_log_readers_held_seconds', 'gauge', 'For how long a transaction has been open that committed events are held back for: by how much who follows the log is behind at least.'),
    ('pulp_log_leaves_seconds', 'gauge', 'For how long the log has leaves. Then nothing can be written.'),
    ('pulp_oldest_snapshot_seconds', 'gauge', 'Age of the oldest transaction that keeps old rows from being cleaned up, of those that the owner of the schema may see.'),
    ('pulp_connections', 'gauge', 'Sessions of the Postgres server.'),
    ('pulp_connections_limit', 'gauge', 'Sessions that the Postgres server takes at most.'),
    ('pulp_numbers_used_ratio', 'gauge', 'Which part of the numbers for something is used up.')
$$;
comment on function pulp.known_metrics is 'All metrics that there are, with their kinds and what they mean.';
