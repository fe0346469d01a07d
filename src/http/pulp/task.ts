import { z } from 'zod';
import { TASK_STATES } from '../../constants.ts';
import type { Task } from '../../queries/task.ts';
import { hrefOf, nameUuid, prnOf, timeText } from './names.ts';

const time = z.iso.datetime();

const progressReport = z.object({
  message: z.string(),
  code: z.string(),
  state: z.enum(TASK_STATES),
  total: z.number().nullable(),
  done: z.number(),
  suffix: z.string().nullable(),
});

/** A task as Pulp's API has it. */
export const pulpTask = z
  .object({
    pulp_href: z.string(),
    prn: z.string(),
    pulp_created: time,
    pulp_last_updated: time,
    name: z.string(),
    state: z.enum(TASK_STATES),
    logging_cid: z.string().nullable(),
    created_by: z.string().nullable(),
    unblocked_at: time.nullable(),
    started_at: time.nullable(),
    finished_at: time.nullable(),
    error: z
      .object({
        description: z.string().optional().describe('Of one that failed.'),
        traceback: z.string().optional(),
        code: z.string().optional(),
        reason: z.string().optional().describe('Of one that was canceled.'),
      })
      .nullable(),
    worker: z.string().nullable(),
    parent_task: z.string().nullable(),
    child_tasks: z.array(z.string()),
    task_group: z.string().nullable(),
    progress_reports: z.array(progressReport),
    created_resources: z.array(z.string()),
    created_resource_prns: z.array(z.string()),
    reserved_resources_record: z
      .array(z.string())
      .describe('What it claims; with `shared:` before it, beside others.'),
    result: z.unknown(),
  })
  .meta({ id: 'PulpTask' });

/** A task as a group tells of it. */
export const pulpTaskInGroup = pulpTask
  .pick({
    pulp_href: true,
    prn: true,
    name: true,
    state: true,
    unblocked_at: true,
    started_at: true,
    finished_at: true,
    worker: true,
  })
  .meta({ id: 'PulpTaskInGroup' });

/** What of a task Pulp's API tells, and how. */
export function toPulpTask(task: Task, children: readonly string[]): z.infer<typeof pulpTask> {
  const { enqueued_at, unblocked_at, started_at, finished_at, worker, parent_id, group_id } = task;
  const latest = [started_at, finished_at].reduce<Date>((a, b) => (b !== null && b > a ? b : a), enqueued_at);
  return {
    pulp_href: hrefOf('tasks', task.id),
    prn: prnOf('tasks', task.id),
    pulp_created: timeText(enqueued_at),
    pulp_last_updated: timeText(latest),
    name: task.name,
    state: task.state,
    logging_cid: task.correlation_id,
    created_by: task.owner,
    unblocked_at: timeOrNull(unblocked_at),
    started_at: timeOrNull(started_at),
    finished_at: timeOrNull(finished_at),
    error: errorOf(task),
    worker: worker === null ? null : hrefOf('workers', nameUuid(worker)),
    parent_task: parent_id === null ? null : hrefOf('tasks', parent_id),
    child_tasks: children.map((child) => hrefOf('tasks', child)),
    task_group: group_id === null ? null : hrefOf('task-groups', nameUuid(group_id)),
    progress_reports: progressOf(task),
    created_resources: [...(task.reported?.created ?? [])],
    created_resource_prns: [],
    reserved_resources_record: [
      ...task.exclusive_resources,
      ...task.shared_resources.map((resource) => `shared:${resource}`),
    ],
    result: task.result,
  };
}

function timeOrNull(time: Date | null): string | null {
  return time === null ? null : timeText(time);
}

const thrown = z.object({ message: z.string(), stack: z.string().optional(), code: z.string().optional() });

/** Pulp's clients read it of every task that failed or was canceled. */
function errorOf({ state, error, cancel_reason }: Task): z.infer<typeof pulpTask>['error'] {
  if (state === 'canceled') return { reason: cancel_reason ?? '' };
  if (state !== 'failed') return null;
  const { data } = thrown.safeParse(error);
  return {
    description: data?.message ?? (error === null ? 'not shown' : JSON.stringify(error)),
    ...(data?.stack !== undefined && { traceback: data.stack }),
    ...(data?.code !== undefined && { code: data.code }),
  };
}

const report = z.object({
  message: z.string().default('Progress'),
  code: z.string().default('progress'),
  total: z.number().nullable().default(null),
  done: z.number(),
  suffix: z.string().nullable().default(null),
});

/** Reports that have a code; else the one of any shape, if it counts something, as Pulp's clients know it. */
function progressOf({ progress, reported, state }: Task): z.infer<typeof progressReport>[] {
  if (reported?.reports !== undefined)
    return reported.reports.map(({ total = null, suffix = null, ...rest }) => ({ ...rest, total, suffix }));
  const { data } = report.safeParse(progress);
  return data === undefined ? [] : [{ ...data, state }];
}
