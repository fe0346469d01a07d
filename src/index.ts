import './node-version.ts';
export * from './constants.ts';
export { LogRewoundError, MissingResourceError, PulpError } from './errors.ts';
export type { Log } from './log.ts';
export { followEvents, type FollowNotice, type FollowOptions } from './events/follow.ts';
export {
  parseEvent,
  type EventFacts,
  type EventTypeName,
  type PulpEvent,
  type UnparsedEvent,
} from './events/event.ts';
export type { Holder } from './events/read-holder.ts';
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
export { observeMetrics } from './manager/observe-metrics.ts';
export { heartbeatIntervalMs } from './manager/worker-ttl.ts';
export { ResourceManager, type ResourceManagerSettings } from './manager/resource-manager.ts';
export {
  checkWorkerProcesses,
  handleWorkerHeartbeat,
  handleWorkerOffline,
  markWorkerOffline,
  markWorkerOnline,
} from './manager/worker-watcher.ts';
export { closeConnection, getConnection } from './postgres/connection.ts';
export { migrate } from './postgres/migrate.ts';
export {
  listTasks,
  readHistory,
  readTask,
  readTaskAt,
  type Task,
  type TaskEvent,
  type TaskOrder,
  type TaskSelection,
} from './projections/task.ts';
export { matchingTasks } from './projections/matching-tasks.ts';
export type { ClaimMode, TaskFilter, TaskTime, TimeCondition } from './projections/task-filter.ts';
export { rebuild, type Rebuild } from './projections/rebuild.ts';
export {
  listResources,
  readResource,
  type ResourceContention,
  type ResourceDetail,
} from './projections/resource.ts';
export { readTrace, type Trace, type TracedTask } from './projections/trace.ts';
export { verify, type Verification, type Violation } from './projections/verify.ts';
export { explainTask, type Explanation } from './projections/why.ts';
export { listWorkers, type Worker } from './projections/worker.ts';
export { secret } from './secrets/secret.ts';
export { actOn, retry, type Act, type TaskAfter } from './tasks/acting.ts';
export { cancel } from './tasks/cancel.ts';
export { getCurrentTask, getCurrentWorker, type CurrentTask, type CurrentWorker } from './tasks/current.ts';
export { Discard, Snooze } from './tasks/run-endings.ts';
export type { Backoff, TaskDefaults } from './tasks/task-defaults.ts';
export { defineTask, type TaskContext, type TaskOptions, type TaskType } from './tasks/define-task.ts';
export {
  enqueueMany,
  enqueueWithReservation,
  type EnqueueOptions,
  type EnqueueRequest,
} from './tasks/enqueue.ts';
export type { TraceContext } from './tasks/tracing.ts';
export {
  cancelGroup,
  createGroup,
  dispatchGroup,
  waitForGroup,
  type CreatedGroup,
  type GroupOptions,
} from './tasks/grouping.ts';
export { listGroups, readGroup, type TaskGroup } from './projections/task-group.ts';
export type { Abandoned, Report } from './tasks/reports.ts';
export type { Unique } from './tasks/unique.ts';
export type { Versions } from './tasks/versions.ts';
export { getUrl, UnsupportedResourceError, type Resource } from './tasks/resource.ts';
export { releaseHold } from './tasks/hold-requests.ts';
export { holdResources, ResourceHold, type HoldOptions } from './tasks/resource-holds.ts';
export { setCapacity, setRate, type LimitOptions, type Rate } from './tasks/resource-limits.ts';
export { pause, resume, type PauseOptions } from './tasks/pausing.ts';
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
} from './projections/schedule.ts';
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
export { listSubscriptions, readSubscription, type Subscription } from './projections/subscription.ts';
export { listRetention, type Retention } from './projections/retention.ts';
export { clearRetention, setRetention, type Keep } from './tasks/keeping.ts';
export { listHolds, type Hold } from './projections/hold.ts';
export { listLimits, type ResourceLimit } from './projections/resource-limit.ts';
export { listPauses, type Pause } from './projections/pause.ts';
export { createPulp, Pulp, type PulpOptions } from './pulp.ts';
export { enqueueWith, type QueryClient } from './tasks/enqueue-with.ts';
export { TaskFailure } from './tasks/task-failure.ts';
export { TaskHandle } from './tasks/task-handle.ts';
export type { FittingIterable, FittingRequests, HandlesOf, RequestOptions } from './tasks/typed-request.ts';
export { loadTaskTypes, type TaskRegistry } from './tasks/task-registry.ts';
export { PulpWorker, type PulpWorkerOptions } from './workers/pulp-worker.ts';
export { drainWorker, setWorker } from './workers/orders.ts';
export { WorkerDirectory } from './workers/directories/worker-directory.ts';
export { WorkingDirectory } from './workers/directories/working-directory.ts';
