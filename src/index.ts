export * from './constants.ts';
export { PulpError } from './errors.ts';
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
  type Task,
  type TaskEvent,
  type TaskFilter,
} from './projections/task.ts';
export { listWorkers, type Worker } from './projections/worker.ts';
export { cancel, MissingResourceError } from './tasks/cancel.ts';
export { getCurrentTask, getCurrentWorker, type CurrentTask, type CurrentWorker } from './tasks/current.ts';
export { defineTask, type TaskContext, type TaskOptions, type TaskType } from './tasks/define-task.ts';
export {
  enqueueMany,
  enqueueWithReservation,
  type EnqueueOptions,
  type EnqueueRequest,
} from './tasks/enqueue.ts';
export { getUrl, UnsupportedResourceError, type Resource } from './tasks/resource.ts';
export { TaskHandle } from './tasks/task-handle.ts';
export { loadTaskTypes, type TaskRegistry } from './tasks/task-registry.ts';
export { PulpWorker, type PulpWorkerOptions } from './workers/pulp-worker.ts';
export { WorkerDirectory } from './workers/worker-directory.ts';
export { WorkingDirectory } from './workers/working-directory.ts';
