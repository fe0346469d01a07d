import './node-version.ts';

// Task types.
export { defineTask, type TaskContext, type TaskOptions, type TaskType } from './tasks/define-task.ts';
export type { Backoff, TaskDefaults } from './tasks/task-defaults.ts';
export { Discard, Snooze } from './tasks/run-endings.ts';
export type { Abandoned, Report } from './tasks/reports.ts';
export { getCurrentTask, getCurrentWorker, type CurrentTask, type CurrentWorker } from './tasks/current.ts';
export { secret } from './secrets/secret.ts';
export type { Log } from './log.ts';
export { loadTaskTypes, type TaskRegistry } from './tasks/task-registry.ts';

// Enqueueing.
export { enqueueMany, enqueueWithReservation, type EnqueueRequest } from './tasks/enqueue.ts';
export type { EnqueueOptions } from './tasks/enqueue-options.ts';
export { enqueueWith, type QueryClient } from './tasks/enqueue-with.ts';
export { TaskHandle } from './tasks/task-handle.ts';
export { TaskFailure } from './tasks/task-failure.ts';
export type { FittingIterable, FittingRequests, HandlesOf, RequestOptions } from './tasks/typed-request.ts';
export { getUrl, UnsupportedResourceError, type Resource } from './tasks/resource.ts';
export type { Unique } from './tasks/unique.ts';
export type { Versions } from './tasks/versions.ts';
export type { TraceContext } from './tasks/tracing.ts';
export { createPulp, Pulp, type PulpOptions } from './pulp.ts';

// Acting on tasks.
export { cancel } from './tasks/cancel.ts';
export { actOn, retry, type Act, type TaskAfter } from './tasks/acting.ts';
export { pause, resume, type PauseOptions } from './tasks/pausing.ts';
export { listPauses, type Pause } from './queries/pause.ts';

// Reading tasks.
export {
  listTasks,
  readHistory,
  readTask,
  readTaskAt,
  type Task,
  type TaskEvent,
  type TaskOrder,
  type TaskSelection,
} from './queries/task.ts';
export { matchingTasks } from './queries/matching-tasks.ts';
export type { ClaimMode, TaskFilter, TaskTime, TimeCondition } from './queries/task-filter.ts';
export { explainTask, type Explanation } from './queries/why.ts';
export { readTrace, type Trace, type TracedTask } from './queries/trace.ts';

// Groups.
export {
  cancelGroup,
  createGroup,
  dispatchGroup,
  waitForGroup,
  type CreatedGroup,
  type GroupOptions,
} from './tasks/grouping.ts';
export { listGroups, readGroup, type TaskGroup } from './queries/task-group.ts';

// Schedules.
export {
  createSchedule,
  deleteSchedule,
  pauseSchedule,
  previewTimes,
  resumeSchedule,
  runSchedule,
  type ScheduleOptions,
  type ScheduleTimes,
} from './tasks/scheduling.ts';
export {
  listSchedules,
  previewSchedule,
  readSchedule,
  readScheduleHistory,
  type Schedule,
  type ScheduleEvent,
} from './queries/schedule.ts';

// Resources, limits and holds.
export {
  listResources,
  readResource,
  type ResourceContention,
  type ResourceDetail,
} from './queries/resource.ts';
export { setCapacity, setRate, type LimitOptions, type Rate } from './tasks/resource-limits.ts';
export { listLimits, type ResourceLimit } from './queries/resource-limit.ts';
export { holdResources, ResourceHold, type HoldOptions } from './tasks/resource-holds.ts';
export { releaseHold } from './tasks/hold-requests.ts';
export { listHolds, type Hold } from './queries/hold.ts';

// The log and subscriptions.
export {
  currentCursor,
  EVENT_KINDS,
  readEvents,
  type EventFilter,
  type EventKind,
  type EventPage,
  type LogEvent,
  type ReadOptions,
} from './events/read.ts';
export { followEvents, type FollowNotice, type FollowOptions } from './events/follow.ts';
export {
  parseEvent,
  type EventFacts,
  type EventTypeName,
  type PulpEvent,
  type UnparsedEvent,
} from './events/event.ts';
export type { Holder } from './events/read-holder.ts';
export { consume, consumeWith, type ConsumeOptions } from './subscriptions/consume.ts';
export {
  createSubscription,
  deleteSubscription,
  pauseSubscription,
  replaySubscription,
  resumeSubscription,
  type LogPlace,
  type SubscriptionFilter,
  type SubscriptionOptions,
} from './subscriptions/subscribing.ts';
export { listSubscriptions, readSubscription, type Subscription } from './queries/subscription.ts';

// Workers.
export { PulpWorker, type PulpWorkerOptions } from './workers/pulp-worker.ts';
export { drainWorker, setWorker } from './workers/orders.ts';
export { listWorkers, type Worker } from './queries/worker.ts';
export { WorkerDirectory } from './workers/directories/worker-directory.ts';
export { WorkingDirectory } from './workers/directories/working-directory.ts';

// The resource manager.
export { ResourceManager, type ResourceManagerSettings } from './leader/resource-manager.ts';
export {
  checkWorkerProcesses,
  handleWorkerHeartbeat,
  handleWorkerOffline,
  markWorkerOffline,
  markWorkerOnline,
} from './leader/worker-watcher.ts';
export { heartbeatIntervalMs } from './worker-ttl.ts';
export { observeMetrics } from './leader/observe-metrics.ts';

// The database.
export { closeConnection, getConnection } from './postgres/connection.ts';
export { migrate } from './postgres/migrate.ts';
export { verify, type Verification, type Violation } from './maintenance/verify.ts';
export { rebuild, type Rebuild } from './maintenance/rebuild.ts';
export { listRetention, type Retention } from './queries/retention.ts';
export { clearRetention, setRetention, type Keep } from './tasks/keeping.ts';

// Constants and errors.
export * from './constants.ts';
export { LogRewoundError, MissingResourceError, PulpError } from './errors.ts';
