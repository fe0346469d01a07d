import type { Context } from 'hono';
import { z } from 'zod';
import { TASK_STATES } from '../../constants.ts';
import { MissingResourceError } from '../../errors.ts';
import {
  listTasks,
  readHistory,
  readTask,
  readTaskAt,
  taskEventRow,
  taskRow,
} from '../../projections/task.ts';
import { unseenError } from '../../projections/time-travel.ts';
import { explainTask, explanation } from '../../projections/why.ts';
import { actOn, retry } from '../../tasks/acting.ts';
import { cancel } from '../../tasks/cancel.ts';
import { isUuid } from '../../tasks/new-task-id.ts';
import { answer, operation } from '../api/operation.ts';
import { integer, list, moment } from '../api/parameters.ts';
import { requestCorrelation, requestTrace } from '../correlation.ts';
import { invalid } from '../http-error.ts';
import { enqueueItem, enqueueItems } from './enqueue.ts';

const ROOT = '/api/v1/tasks';

/** How many bytes one task and many may have, in a request. */
const MOST_BYTES = 3 * 1024 * 1024;
const MOST_BYTES_OF_MANY = 16 * 1024 * 1024;

/** How many tasks a request may enqueue. */
const MOST_TASKS = 10_000;

const parts = { id: 'The id of a task.' };

const task = taskRow.meta({ id: 'Task' });
const state = z.enum(TASK_STATES);
const span = z.union([z.number(), z.string()]);

/** What is said of a task to enqueue. Names, limits and payloads are checked where they are for all ways of enqueueing. */
const item = z
  .strictObject({
    name: z.string().describe('The task type.'),
    args: z.unknown().meta({ type: 'array', description: 'Positional arguments.' }).optional(),
    kwargs: z.unknown().meta({ type: 'object', description: 'Named arguments.' }).optional(),
    resources: z.array(z.string()).optional().describe('Claimed alone.'),
    shared_resources: z.array(z.string()).optional().describe('Claimed beside others.'),
    queue: z.string().optional(),
    priority: z.int().optional(),
    delay: span.optional().describe('How long to wait first: seconds, or a text such as 30s.'),
    at: z.string().optional().describe('When to start at the earliest.'),
    retries: z.int().optional(),
    timeout: span.optional(),
    group: z.string().optional(),
    correlation_id: z.string().optional(),
    id: z
      .string()
      .optional()
      .describe('A UUID of your own: the same id with the same content is enqueued once.'),
    trace_context: z
      .strictObject({ traceparent: z.string(), tracestate: z.string().optional() })
      .optional()
      .describe(
        'The span that enqueues it, as W3C Trace Context writes it; default: what the headers of the request say.',
      ),
    unchecked: z.boolean().optional().describe('Take it although no worker has published its type.'),
  })
  .meta({ id: 'TaskToEnqueue' });

const TIME_PARAMETERS = [
  { name: 'enqueued_after', time: 'enqueued_at', is: 'since' },
  { name: 'enqueued_before', time: 'enqueued_at', is: 'before' },
  { name: 'unblocked_after', time: 'unblocked_at', is: 'since' },
  { name: 'unblocked_before', time: 'unblocked_at', is: 'before' },
  { name: 'started_after', time: 'started_at', is: 'since' },
  { name: 'started_before', time: 'started_at', is: 'before' },
  { name: 'finished_after', time: 'finished_at', is: 'since' },
  { name: 'finished_before', time: 'finished_at', is: 'before' },
] as const;
type TimeParameter = (typeof TIME_PARAMETERS)[number]['name'];

const timeParameters = Object.fromEntries(
  TIME_PARAMETERS.map(({ name }) => [name, moment().optional()]),
) as unknown as Record<TimeParameter, z.ZodType<Date | undefined>>;

export const taskOperations = [
  operation({
    id: 'enqueue',
    method: 'post',
    path: ROOT,
    summary: 'Enqueue a task.',
    right: 'enqueue',
    query: z.strictObject({}),
    body: item,
    mostBytes: MOST_BYTES,
    answers: { 201: { description: 'It is there.', schema: z.object({ id: z.string() }) } },
    run: async ({ body, context }) => {
      const id = await enqueueItem(joined(body, context));
      return answer(201, { id }, { Location: `${ROOT}/${id}` });
    },
  }),
  operation({
    id: 'enqueue_batch',
    method: 'post',
    path: `${ROOT}/batch`,
    summary: 'Enqueue many tasks, all or none.',
    right: 'enqueue',
    query: z.strictObject({}),
    body: z.strictObject({ tasks: z.array(item).max(MOST_TASKS) }),
    mostBytes: MOST_BYTES_OF_MANY,
    answers: {
      201: {
        description: 'They are there.',
        schema: z.object({ ids: z.array(z.string()).describe('In the order of the tasks.') }),
      },
    },
    run: async ({ body, context }) => {
      const ids = await enqueueItems(body.tasks.map((one) => joined(one, context)));
      return answer(201, { ids });
    },
  }),
  operation({
    id: 'list_tasks',
    method: 'get',
    path: ROOT,
    summary: 'List tasks, the newest first.',
    right: 'read',
    query: z.strictObject({
      state: list(state),
      name: list(z.string()),
      name_contains: z.string().optional(),
      queue: z.string().optional(),
      worker: z.string().optional(),
      resource: list(z.string()).describe('Claimed in either mode.'),
      group: z.string().optional(),
      parent: z.guid().optional(),
      correlation: z.string().optional(),
      ...timeParameters,
      at: moment().optional().describe('As they were then; default: as they are.'),
      limit: integer({ min: 1, max: 1000 }).prefault('50'),
      cursor: z.guid().optional().describe('The cursor of the page before.'),
    }),
    answers: {
      200: {
        description: 'A page of tasks.',
        schema: z.object({
          tasks: z.array(task),
          cursor: z.string().nullable().describe('From where the next page goes on; null: there is none.'),
        }),
      },
    },
    run: async ({ query }) => {
      const { cursor, limit } = query;
      if (cursor !== undefined && (await readTask(cursor)) === undefined)
        throw invalid('cursor: this task was purged meanwhile', 'Begin anew, by the time of enqueueing.');
      const tasks = await listTasks({
        states: query.state,
        names: query.name,
        nameContains: query.name_contains,
        queue: query.queue,
        worker: query.worker,
        ...(query.resource && { claims: [{ mode: 'either', resources: query.resource }] }),
        group: query.group,
        parent: query.parent,
        correlation: query.correlation,
        times: TIME_PARAMETERS.flatMap(({ name, time, is }) => {
          const at = query[name];
          return at === undefined ? [] : [{ time, is, moment: at }];
        }),
        at: query.at,
        after: cursor,
        limit,
      });
      return answer(200, { tasks, cursor: tasks.length < limit ? null : (tasks.at(-1)?.id ?? null) });
    },
  }),
  operation({
    id: 'show_task',
    method: 'get',
    path: `${ROOT}/:id`,
    parts,
    summary: 'Show a task.',
    right: 'read',
    query: z.strictObject({ at: moment().optional().describe('As it was then; default: as it is.') }),
    answers: {
      200: { description: 'The task.', schema: task },
      304: { description: 'It is as it was, by If-None-Match.' },
    },
    run: async ({ part, query, context }) => {
      const id = part('id');
      if (query.at !== undefined) return answer(200, await taskAt(id, query.at));
      const found = await readTask(id);
      if (found === undefined) throw new MissingResourceError(id);
      const etag = `"${found.version}"`;
      const headers = { ETag: etag, 'Cache-Control': 'private, no-cache' };
      const known = context.req.header('if-none-match') ?? '';
      const isKnown =
        known === '*' || known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
      return isKnown ? new Response(null, { status: 304, headers }) : answer(200, found, headers);
    },
  }),
  operation({
    id: 'cancel_task',
    method: 'post',
    path: `${ROOT}/:id/cancel`,
    parts,
    summary: 'Cancel a task: one that runs is ended, one that is over stays as it is.',
    right: 'cancel',
    query: z.strictObject({}),
    body: z.strictObject({ reason: z.string().optional() }),
    answers: {
      200: { description: 'Its state after it.', schema: z.object({ id: z.string(), state }) },
    },
    run: async ({ part, body }) => {
      const id = part('id').toLowerCase();
      return answer(200, { id, state: await cancel(id, body.reason) });
    },
  }),
  operation({
    id: 'retry_task',
    method: 'post',
    path: `${ROOT}/:id/retry`,
    parts,
    summary: 'Have a task run again that failed or was canceled; one that waits or runs stays as it is.',
    right: 'cancel',
    query: z.strictObject({}),
    body: z.strictObject({ reason: z.string().optional() }),
    answers: {
      200: { description: 'Its state after it.', schema: z.object({ id: z.string(), state }) },
    },
    run: async ({ part, body }) => {
      const id = part('id').toLowerCase();
      return answer(200, { id, state: await retry(id, body.reason) });
    },
  }),
  operation({
    id: 'set_task',
    method: 'patch',
    path: `${ROOT}/:id`,
    parts,
    summary: 'Give a task that waits another priority or queue; others stay as they are.',
    right: 'cancel',
    query: z.strictObject({}),
    body: z.strictObject({ priority: z.int().optional(), queue: z.string().optional() }),
    answers: {
      200: { description: 'Its state.', schema: z.object({ id: z.string(), state }) },
    },
    run: async ({ part, body }) => {
      const id = part('id').toLowerCase();
      if (!isUuid(id)) throw new MissingResourceError(id);
      const [after] = await actOn([id], { verb: 'set', ...body });
      if (after === undefined) throw new MissingResourceError(id);
      return answer(200, after);
    },
  }),
  operation({
    id: 'explain_task',
    method: 'get',
    path: `${ROOT}/:id/why`,
    parts,
    summary: 'Tell why a task does not run, what it does, or where its time went.',
    right: 'read',
    query: z.strictObject({}),
    answers: { 200: { description: 'The reasons, the decisive one first.', schema: explanation } },
    run: async ({ part }) => answer(200, await explainTask(part('id'))),
  }),
  operation({
    id: 'show_history',
    method: 'get',
    path: `${ROOT}/:id/history`,
    parts,
    summary: 'Tell what happened to a task, also to one that was purged.',
    right: 'read',
    query: z.strictObject({}),
    answers: { 200: { description: 'Its events.', schema: z.object({ events: z.array(taskEventRow) }) } },
    run: async ({ part }) => {
      const events = await readHistory(part('id'));
      if (events.length === 0) throw new MissingResourceError(part('id'));
      return answer(200, { events });
    },
  }),
];

/** A task of a request that says what joins it to others, unless it says so itself. */
function joined(task: z.output<typeof item>, context: Context) {
  return { correlation_id: requestCorrelation(context), trace_context: requestTrace(context), ...task };
}

async function taskAt(id: string, at: Date) {
  const past = await readTaskAt(id, at);
  if (past !== undefined) return past;
  const present = await readTask(id);
  throw present === undefined ? new MissingResourceError(id) : unseenError(present, at);
}
