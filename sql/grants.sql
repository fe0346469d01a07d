-- Who may do what: pulp_submitter enqueues and cancels, pulp_worker is for workers, pulp_operator runs the engine, pulp_observer reads;
-- pulp_server says for whom it acts (see pulp.actor), and nothing else. Tables are read-only for all of them; whatever writes is a
-- function. Functions are executable by everybody when they are made, and an earlier version may have granted more: that is taken back
-- first.

revoke all on all functions in schema pulp from public, pulp_submitter, pulp_worker, pulp_operator, pulp_observer;
grant usage on schema pulp to pulp_submitter, pulp_worker, pulp_operator, pulp_observer;
grant select on all tables in schema pulp to pulp_submitter, pulp_worker, pulp_operator, pulp_observer;
alter default privileges in schema pulp grant select on tables to pulp_submitter, pulp_worker, pulp_operator, pulp_observer; -- the log's later leaves

grant execute on function pulp.enqueue, pulp.enqueue_batch, pulp.enqueue_columns, pulp.cancel, pulp.cancel_tasks, pulp.retry, pulp.retry_tasks,
  pulp.set_tasks, pulp.check_task_types to pulp_submitter, pulp_worker;
grant execute on function pulp.request_hold, pulp.renew_hold, pulp.release_hold to pulp_submitter, pulp_operator;
grant execute on function pulp.create_group, pulp.dispatch_group to pulp_submitter, pulp_worker, pulp_operator;
grant execute on function pulp.begin_wait, pulp.end_wait to pulp_submitter, pulp_worker;
grant execute on function pulp.create_schedule, pulp.pause_schedule, pulp.resume_schedule, pulp.delete_schedule, pulp.run_schedule
  to pulp_submitter, pulp_operator;
grant execute on function pulp.create_subscription, pulp.pause_subscription, pulp.resume_subscription, pulp.replay_subscription,
  pulp.delete_subscription, pulp.consume, pulp.take_events, pulp.subscription_lag, pulp.subscription_at, pulp.evolve_subscription, pulp.fold_subscription
  to pulp_submitter, pulp_worker, pulp_operator, pulp_observer;
grant execute on function pulp.cancel, pulp.cancel_tasks, pulp.retry, pulp.retry_tasks, pulp.set_tasks to pulp_operator;
grant execute on function
  pulp.worker_online, pulp.worker_offline, pulp.heartbeat, pulp.attach_worker, pulp.set_worker_condition,
  pulp.report_worker_death, pulp.start, pulp.progress, pulp.finish, pulp.finish_and_start,
  pulp.stand_for_election, pulp.end_term, pulp.heartbeat_holder, pulp.report_duty, pulp.database_identity
  to pulp_worker;
grant execute on function
  pulp.check_worker_processes, pulp.grant_reservations, pulp.reroute_tasks, pulp.send_notices, pulp.mend_delivery, pulp.keep_up, pulp.lock_class,
  pulp.due_schedules, pulp.fire_schedules, pulp.take_deliveries, pulp.settle_delivery, pulp.purge_by_retention
  to pulp_worker, pulp_operator;
grant execute on function
  pulp.mark_worker_online, pulp.mark_worker_offline, pulp.report_worker_death, pulp.create_event_leaves, pulp.purge_tasks, pulp.set_quota,
  pulp.pause(text, text, text, timestamptz), pulp.resume, pulp.drain_worker, pulp.set_worker,
  pulp.set_retention, pulp.clear_retention, pulp.set_capacity, pulp.set_rate
  to pulp_operator;
grant execute on function pulp.evolve_task, pulp.task_after, pulp.tasks_after, pulp.evolve_worker, pulp.evolve_reservation, pulp.fold_task, pulp.fold_worker,
  pulp.evolve_task_step, pulp.has_claims, pulp.keeps_unique_key, pulp.reported_after, pulp.recorded_time, pulp.refuse_task_event, pulp.text_array, pulp.new_id, pulp.resource_name, pulp.leader_session
  to pulp_submitter, pulp_worker, pulp_operator, pulp_observer;
grant execute on function pulp.actor, pulp.why, pulp.task_at(timestamptz), pulp.task_at(timestamptz, uuid), pulp.worker_at, pulp.reservation_at, pulp.pause_at, pulp.evolve_pause, pulp.retention_at, pulp.evolve_retention,
  pulp.limit_at, pulp.evolve_limit, pulp.fold_limit, pulp.hold_at, pulp.evolve_hold, pulp.fold_hold, pulp.claims_of, pulp.claims_of_hold,
  pulp.schedule_at, pulp.evolve_schedule, pulp.fold_schedule, pulp.schedule_history, pulp.occurrence_id, pulp.requeued_since,
  pulp.evolve_claim, pulp.fold_claim, pulp.group_at, pulp.evolve_group, pulp.fold_group, pulp.group_ids, pulp.group_uuids,
  -- By these pulp.task_group tells what the caller may see.
  pulp.sees_all, pulp.acts_for, pulp.acts_for_all, pulp.are_owners_apart, pulp.is_operator, pulp.caller_role
  to pulp_submitter, pulp_worker, pulp_operator, pulp_observer;
grant execute on function pulp.history, pulp.histories, pulp.batch_event, pulp.batch_events, pulp.events_after, pulp.event_horizon, pulp.event_cursor_at, pulp.event_cursor, pulp.event_holder, pulp.old_snapshot
  to pulp_submitter, pulp_worker, pulp_operator, pulp_observer;
grant execute on function pulp.verify, pulp.verify_sample, pulp.verify_streams, pulp.verify_tables, pulp.verify_runs_apart, pulp.verify_units, pulp.verify_holds, pulp.verify_workers,
  pulp.verify_numbers, pulp.verify_counts, pulp.verify_eras, pulp.verify_leaves, pulp.verify_locks, pulp.count_task_events
  to pulp_worker, pulp_operator, pulp_observer;
grant execute on function pulp.resource_contention, pulp.resource_holds, pulp.claims_at, pulp.running_ids, pulp.waiting_ids, pulp.task_names, pulp.metrics, pulp.known_metrics, pulp.task_counts, pulp.group_progress,
  pulp.activity, pulp.tx_bounds, pulp.failure_groups, pulp.error_signature
  to pulp_submitter, pulp_worker, pulp_operator, pulp_observer;

-- For the HTTP server: it knows tokens, and acts for its users by the roles that suffice; operators make tokens, and purge.
grant usage on schema pulp to pulp_server;
grant execute on function pulp.read_token to pulp_server;
grant execute on function pulp.create_token, pulp.revoke_token, pulp.tokens, pulp.request_purge, pulp.purge_task to pulp_operator;
grant execute on function pulp.purge_as_requested to pulp_worker;
grant execute on function pulp.name_uuid to pulp_submitter, pulp_worker, pulp_observer, pulp_operator;
select pulp.apply_policy();
select pulp.prepare_queues('{default}');
