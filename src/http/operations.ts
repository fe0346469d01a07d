import type { Log } from '../log.ts';
import type { Operation } from './api/operation.ts';
import { metricsOperations } from './metrics/operations.ts';
import { pulpStatusOperations } from './pulp/status.ts';
import { pulpTaskGroupOperations } from './pulp/task-groups.ts';
import { pulpTaskOperations } from './pulp/tasks.ts';
import { pulpWorkerOperations } from './pulp/workers.ts';
import { activityOperations } from './v1/activity.ts';
import { eventOperations } from './v1/events.ts';
import { holdOperations } from './v1/holds.ts';
import { meOperations } from './v1/me.ts';
import { groupOperations } from './v1/groups.ts';
import { pauseOperations } from './v1/pauses.ts';
import { resourceOperations } from './v1/resources.ts';
import { retentionOperations } from './v1/retention.ts';
import { scheduleOperations } from './v1/schedules.ts';
import { subscriptionOperations } from './v1/subscriptions.ts';
import { taskTypeOperations } from './v1/task-types.ts';
import { taskOperations } from './v1/tasks.ts';
import { workerOperations } from './v1/workers.ts';

/** All that the server can be asked for. @param stopping ends streams when the server is to end */
export function allOperations(log: Log, stopping: AbortSignal): readonly Operation[] {
  return [
    ...pulpStatusOperations,
    ...pulpTaskOperations,
    ...pulpTaskGroupOperations,
    ...pulpWorkerOperations,
    ...activityOperations,
    ...meOperations,
    ...taskOperations,
    ...taskTypeOperations,
    ...eventOperations(log, stopping),
    ...groupOperations,
    ...pauseOperations,
    ...retentionOperations,
    ...scheduleOperations,
    ...subscriptionOperations,
    ...resourceOperations,
    ...holdOperations,
    ...workerOperations,
    ...metricsOperations,
  ];
}
