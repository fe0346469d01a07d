import { z } from 'zod';
import { isFinal, TASK_FINAL_STATES, TASK_ORDERS, TASK_STATES } from '../../constants.ts';
import { MissingResourceError } from '../../errors.ts';
import { purgeTask, requestPurge } from '../../maintenance/purge.ts';
import {
  countTasks,
  listTasks,
  readChildren,
  readTask,
  type Task,
  type TaskOrder,
} from '../../queries/task.ts';
import type { ClaimMode, TaskFilter, TimeCondition, TaskTime } from '../../queries/task-filter.ts';
import { listWorkers } from '../../queries/worker.ts';
import { cancel } from '../../tasks/cancel.ts';
import { answer, operation } from '../api/operation.ts';
import { list, moment } from '../api/parameters.ts';
import { requestCorrelation } from '../correlation.ts';
import { HttpError, invalid } from '../http-error.ts';
import { hrefOf, nameUuid, reference, ROOT, uuidsOfPrns } from './names.ts';
import { fieldParameters, page, pageOf, pageParameters, wanted } from './page.ts';
import { pulpTask, toPulpTask } from './task.ts';

const path = `${ROOT}tasks/:id/`;
const template = '{task_href}';
const parts = { task_href: 'The address of a task.' };

const state = z.enum(TASK_STATES);

/** How Pulp calls comparisons of times. */
const COMPARISONS = { gt: 'after', gte: 'since', lt: 'before', lte: 'until' } as const;
const TIMES = {
  pulp_created: 'enqueued_at',
  unblocked_at: 'unblocked_at',
  started_at: 'started_at',
  finished_at: 'finished_at',
} as const satisfies Record<string, TaskTime>;
const CLAIMS = {
  reserved_resources: 'either',
  exclusive_resources: 'exclusive',
  shared_resources: 'shared',
} as const satisfies Record<string, ClaimMode>;

const names = <Name extends string>(all: Readonly<Record<Name, unknown>>) => Object.keys(all) as Name[];

const timeParameters = Object.fromEntries(
  names(TIMES).flatMap((time) => [
    ...names(COMPARISONS).map((comparison) => [`${time}__${comparison}`, moment().optional()] as const),
    [`${time}__range`, list(moment())] as const,
  ]),
) as Record<`${keyof typeof TIMES}__${keyof typeof COMPARISONS}`, z.ZodType<Date | undefined>> &
  Record<`${keyof typeof TIMES}__range`, z.ZodType<Date[] | undefined>>;

const claimParameters = Object.fromEntries(
  names(CLAIMS).flatMap((claim) => [
    [claim, z.string().optional()] as const,
    [`${claim}__in`, list(z.string())] as const,
  ]),
) as Record<keyof typeof CLAIMS, z.ZodType<string | undefined>> &
  Record<`${keyof typeof CLAIMS}__in`, z.ZodType<string[] | undefined>>;

const filterParameters = {
  name: z.string().optional(),
  name__contains: z.string().optional(),
  name__in: list(z.string()),
  name__ne: z.string().optional(),
  logging_cid: z.string().optional(),
  logging_cid__contains: z.string().optional(),
  state: state.optional(),
  state__in: list(state),
  state__ne: state.optional(),
  task_group: reference('task-groups').optional(),
  parent_task: reference('tasks').optional(),
  child_tasks: reference('tasks').optional(),
  worker: reference('workers').optional(),
  created_resources: z.string().optional(),
  ...claimParameters,
  ...timeParameters,
};

const listQuery = z.strictObject({ ...pageParameters, ...filterParameters });

export const pulpTaskOperations = [
  operation({
    id: 'tasks_list',
    method: 'get',
    path: `${ROOT}tasks/`,
    summary: 'List tasks, the newest first.',
    right: 'read',
    query: listQuery,
    answers: { 200: { description: 'A page of tasks.', schema: pageOf(pulpTask) } },
    run: async ({ query, context }) => {
      const order = query.ordering?.map(orderOf);
      const filter = await filterOf(query);
      const count = filter === undefined ? 0 : await countTasks(filter);
      // Looking for what is not there would go through all tasks once more.
      const found =
        filter === undefined || query.offset >= count
          ? []
          : await listTasks({
              ...filter,
              limit: query.limit,
              offset: query.offset,
              order,
              brief: true,
            });
      const results = await withChildren(found);
      return answer(200, page(context.req.url, query, { count, results }));
    },
  }),
  operation({
    id: 'tasks_read',
    method: 'get',
    path,
    template,
    parts,
    summary: 'Show a task.',
    right: 'read',
    query: z.strictObject(fieldParameters),
    answers: { 200: { description: 'The task.', schema: pulpTask } },
    run: async ({ part, query }) => {
      const task = await existing(part('id'));
      const [shown] = await withChildren([task]);
      return answer(200, wanted(shown ?? {}, query));
    },
  }),
  operation({
    id: 'tasks_cancel',
    method: 'patch',
    path,
    template,
    parts,
    summary: 'Cancel a task.',
    right: 'cancel',
    query: z.strictObject({}),
    body: z.strictObject({ state: z.literal('canceled') }),
    answers: {
      200: { description: 'The task, canceled or canceling.', schema: pulpTask },
      409: { description: 'The task, which is over.', schema: pulpTask },
    },
    run: async ({ part }) => {
      const before = await existing(part('id'));
      const after = isFinal(before.state) ? before.state : await cancel(before.id);
      const isLate = isFinal(before.state) || (isFinal(after) && after !== 'canceled');
      const [shown] = await withChildren([await existing(before.id)]);
      return answer(isLate ? 409 : 200, shown);
    },
  }),
  operation({
    id: 'tasks_delete',
    method: 'delete',
    path,
    template,
    parts,
    summary: 'Forget a task that is over; what happened to it stays in the log.',
    right: 'operate',
    query: z.strictObject({}),
    answers: { 204: { description: 'It is forgotten.' } },
    run: async ({ part }) => {
      const task = await existing(part('id'));
      if (await purgeTask(task.id)) return new Response(null, { status: 204 });
      throw new HttpError(409, 'TASK_NOT_OVER', `task ${task.id} is ${task.state}`, {
        remedy: 'Cancel it first, or wait for its end.',
      });
    },
  }),
  operation({
    id: 'tasks_purge',
    method: 'post',
    path: `${ROOT}tasks/purge/`,
    summary: 'Have a task forget all tasks that are over.',
    right: 'operate',
    query: z.strictObject({}),
    body: z.strictObject({
      finished_before: moment().optional().describe('Those that ended before; default: thirty days ago.'),
      states: z.array(z.enum(TASK_FINAL_STATES)).min(1).default(['completed']),
    }),
    answers: {
      202: { description: 'The address of the task that does it.', schema: z.object({ task: z.string() }) },
    },
    run: async ({ body, context }) => {
      const { finished_before: before, states } = body;
      const finishedBefore = before ?? new Date(Date.now() - 30 * 86_400_000);
      const id = await requestPurge({ finishedBefore, states }, requestCorrelation(context));
      return answer(202, { task: hrefOf('tasks', id) });
    },
  }),
  operation({
    id: 'tasks_profile_artifacts',
    method: 'get',
    path: `${path}profile_artifacts/`,
    template: `${template}profile_artifacts/`,
    parts,
    summary: 'What profilers have left of a task: there are none here.',
    right: 'read',
    query: z.strictObject({}),
    answers: {
      200: {
        description: 'Addresses by name.',
        schema: z.object({ urls: z.record(z.string(), z.string()) }),
      },
    },
    run: async ({ part }) => {
      await existing(part('id'));
      return answer(200, { urls: {} });
    },
  }),
];

async function existing(id: string): Promise<Task> {
  const task = await readTask(id);
  if (task === undefined) throw new MissingResourceError(id);
  return task;
}

async function withChildren(tasks: readonly Task[]) {
  if (tasks.length === 0) return [];
  const children = await readChildren(tasks.map(({ id }) => id));
  return tasks.map((task) => toPulpTask(task, children.get(task.id) ?? []));
}

/** What a query asks for; undefined if nothing can meet it. */
async function filterOf(query: z.output<typeof listQuery>): Promise<TaskFilter | undefined> {
  const worker = query.worker === undefined ? undefined : await workerOf(query.worker);
  const child = query.child_tasks === undefined ? undefined : await readTask(query.child_tasks);
  if (
    (query.worker !== undefined && worker === undefined) ||
    (query.child_tasks !== undefined && child?.parent_id == null)
  )
    return undefined;
  const ids = [
    uuidsOfPrns('tasks', query.prn__in),
    child?.parent_id == null ? undefined : [child.parent_id],
  ].filter((some) => some !== undefined);
  return {
    ...(ids.length > 0 && { ids: ids.reduce((some, others) => some.filter((id) => others.includes(id))) }),
    name: query.name,
    names: query.name__in,
    notName: query.name__ne,
    nameContains: query.name__contains,
    correlation: query.logging_cid,
    correlationContains: query.logging_cid__contains,
    state: query.state,
    states: query.state__in,
    notState: query.state__ne,
    created: query.created_resources,
    groupUuid: query.task_group,
    parent: query.parent_task,
    worker,
    claims: names(CLAIMS).flatMap((claim) =>
      [query[claim] === undefined ? undefined : [query[claim]], query[`${claim}__in`]]
        .filter((resources) => resources !== undefined)
        .map((resources) => ({ mode: CLAIMS[claim], resources })),
    ),
    times: names(TIMES).flatMap((time) => timeConditions(time, query)),
  };
}

function timeConditions(name: keyof typeof TIMES, query: z.output<typeof listQuery>): TimeCondition[] {
  const time = TIMES[name];
  const range = query[`${name}__range`];
  if (range !== undefined && range.length !== 2) throw invalid(`${name}__range: must be two times`);
  const [from, to] = range ?? [];
  return [
    ...names(COMPARISONS).map((comparison) => ({
      time,
      is: COMPARISONS[comparison],
      moment: query[`${name}__${comparison}`],
    })),
    { time, is: 'since' as const, moment: from },
    { time, is: 'until' as const, moment: to },
  ].filter((condition): condition is TimeCondition => condition.moment !== undefined);
}

async function workerOf(uuid: string): Promise<string | undefined> {
  const workers = await listWorkers();
  return workers.find(({ name }) => nameUuid(name) === uuid)?.name;
}

/** The orders by which Pulp's clients may ask. */
function orderOf(text: string): TaskOrder {
  const descending = text.startsWith('-');
  const name = descending ? text.slice(1) : text;
  const by = TASK_ORDERS.find((order) => order === (name === 'pulp_created' ? 'enqueued_at' : name));
  if (by !== undefined) return { by, descending };
  throw invalid(
    `ordering: cannot sort by ${JSON.stringify(name.slice(0, 100))}`,
    `Sort by ${TASK_ORDERS.join(', ')} or pulp_created.`,
  );
}
