import type { Context } from 'hono';
import { z } from 'zod';
import { MOST_PRIORITY, TASK_STATES, type TaskState } from '../../constants.ts';
import { MissingResourceError, PulpError } from '../../errors.ts';
import { listTasks, readHistory, readTask, readTaskAt, taskEventRow, taskRow } from '../../queries/task.ts';
import { countTasksByState } from '../../queries/task-counts.ts';
import { unseenError } from '../../queries/time-travel.ts';
import { readTrace, tracedRow, type TracedTask } from '../../queries/trace.ts';
import { explainTask, explanation } from '../../queries/why.ts';
import { actOn, retry } from '../../tasks/acting.ts';
import { actOnMatching, MOST_ACTED_ON, previewMatching } from '../../tasks/act-on-matching.ts';
import { cancel } from '../../tasks/cancel.ts';
import { isUuid } from '../../new-task-id.ts';
import { answer, operation, type Operation } from '../api/operation.ts';
import { flag, integer, moment } from '../api/parameters.ts';
import { requestCorrelation, requestTrace } from '../correlation.ts';
import { invalid } from '../http-error.ts';
import { enqueueItem, enqueueItems, type Item } from './enqueue.ts';
import { item, MOST_BYTES } from './item.ts';
import { filterOf, filterParameters } from './task-filter.ts';

const ROOT = '/api/v1/tasks';

/** How many bytes many tasks may have, in a request. */
const MOST_BYTES_OF_MANY = 16 * 1024 * 1024;

/** How many tasks a request may enqueue. */
const MOST_TASKS = 10_000;

const parts = { id: 'The id of a task.' };

const task = taskRow.meta({ id: 'Task' });
const state = z.enum(TASK_STATES);
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
      ...filterParameters,
      at: moment().optional().describe('As they were then; default: as they are.'),
      payloads: flag()
        .optional()
        .describe('false: arguments, results and errors come as null, whatever they are.'),
      newest: integer({ min: 1, max: 1_000_000 })
        .optional()
        .describe('Only among so many of the newest, so that looking ends.'),
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
        ...filterOf(query),
        newest: query.newest,
        withoutPayloads: query.payloads === false,
        at: query.at,
        after: cursor,
        limit,
      });
      return answer(200, { tasks, cursor: tasks.length < limit ? null : (tasks.at(-1)?.id ?? null) });
    },
  }),
  operation({
    id: 'count_tasks',
    method: 'get',
    path: '/api/v1/task-counts',
    summary:
      'Tell how many tasks are in each state: of all; for who may see his own alone, and for the past, of the latest.',
    right: 'read',
    query: z.strictObject({ at: moment().optional().describe('As they were then; default: as they are.') }),
    answers: {
      200: {
        description: 'How many there are in each state that any is in.',
        schema: z.object({
          counts: z.partialRecord(state, z.int()),
          looked_at: z.int().describe('How many tasks these are.'),
          more: z.boolean().describe('Whether these are the latest alone, and there may be older ones.'),
        }),
      },
    },
    run: async ({ query }) => answer(200, await countTasksByState(query.at)),
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
  oneOperation('cancel', 'Cancel a task: one that runs is ended, one that is over stays as it is.', cancel),
  oneOperation(
    'retry',
    'Have a task run again that failed or was canceled; one that waits or runs stays as it is.',
    retry,
  ),
  operation({
    id: 'set_task',
    method: 'patch',
    path: `${ROOT}/:id`,
    parts,
    summary: 'Give a task that waits another priority or queue; others stay as they are.',
    right: 'cancel',
    query: z.strictObject({}),
    body: z.strictObject({
      priority: z.int().min(-MOST_PRIORITY).max(MOST_PRIORITY).optional(),
      queue: z.string().optional(),
    }),
    answers: {
      200: { description: 'Its state.', schema: z.object({ id: z.string(), state }) },
    },
    run: async ({ part, body }) => {
      const id = part('id').toLowerCase();
      if (body.priority === undefined && body.queue === undefined)
        throw invalid('there is nothing to change', 'Give a priority, a queue or both.');
      if (!isUuid(id)) throw new MissingResourceError(id);
      const [after] = await actOn([id], { verb: 'set', ...body });
      if (after === undefined) throw new MissingResourceError(id);
      if (after.state !== 'waiting') {
        throw new PulpError('NOT_WAITING', `task ${id} is ${after.state}`, {
          remedy: 'Only tasks that wait can be changed.',
        });
      }
      return answer(200, after);
    },
  }),
  manyOperation('cancel', 'Cancel the tasks that a filter finds and that wait or run'),
  manyOperation(
    'retry',
    'Have the tasks run again that a filter finds and that failed, were canceled or skipped',
  ),
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
  operation({
    id: 'show_trace',
    method: 'get',
    path: `${ROOT}/:id/trace`,
    parts,
    summary: 'Show the tasks of the same correlation, and those that were enqueued in their runs.',
    right: 'read',
    query: z.strictObject({ limit: integer({ min: 1, max: 1000 }).prefault('200') }),
    answers: {
      200: {
        description: 'The tasks, each after the one in whose run it was enqueued.',
        schema: z.object({
          correlation_id: z.string(),
          tasks: z.array(tracedRow.extend({ depth: z.int().describe('How many tasks it stands under.') })),
          more: z.boolean().describe('Whether some were left out.'),
        }),
      },
    },
    run: async ({ part, query }) => {
      const id = part('id');
      const trace = z.guid().safeParse(id).success ? await readTrace(id, query.limit) : undefined;
      if (trace === undefined) throw new MissingResourceError(id);
      const { correlation_id, more, roots } = trace;
      return answer(200, { correlation_id, tasks: roots.flatMap((root) => inOrder(root, 0)), more });
    },
  }),
];

/** Does something to one task, for a reason. */
function oneOperation(
  verb: 'cancel' | 'retry',
  summary: string,
  act: (id: string, reason?: string) => Promise<TaskState>,
): Operation {
  return operation({
    id: `${verb}_task`,
    method: 'post',
    path: `${ROOT}/:id/${verb}`,
    parts,
    summary,
    right: 'cancel',
    query: z.strictObject({}),
    body: z.strictObject({ reason: z.string().optional() }),
    answers: {
      200: { description: 'Its state after it.', schema: z.object({ id: z.string(), state }) },
    },
    run: async ({ part, body }) => {
      const id = part('id').toLowerCase();
      return answer(200, { id, state: await act(id, body.reason) });
    },
  });
}

/** Does the same to all tasks that a filter finds, or tells which these are. */
function manyOperation(verb: 'cancel' | 'retry', summary: string): Operation {
  return operation({
    id: `${verb}_tasks`,
    method: 'post',
    path: `${ROOT}/${verb}`,
    summary: `${summary}; or, with dry_run, tell which these are.`,
    right: 'cancel',
    query: z.strictObject({}),
    body: z.strictObject({
      ...filterParameters,
      reason: z.string().optional(),
      dry_run: z.boolean().optional().describe('Change nothing.'),
      at_most: z.int().min(1).max(MOST_ACTED_ON).optional().describe('How many to do it to.'),
    }),
    answers: {
      200: {
        description: 'What was done, or would be.',
        schema: z.object({
          matched: z.int().describe('How many tasks these are.'),
          states: z.partialRecord(state, z.int()).describe('How many of them are in which state after it.'),
          more: z.boolean().describe('Whether there are more: ask again.'),
          sample: z.array(task).describe('With dry_run: the newest of them, without their payloads.'),
        }),
      },
    },
    run: async ({ body: { reason, dry_run, at_most = MOST_ACTED_ON, ...filters } }) => {
      if (Object.keys(filters).length === 0)
        throw invalid('there is no filter', 'Name which tasks; the states that it applies to are all.');
      const filter = filterOf(filters);
      if (dry_run === true) return answer(200, { ...(await previewMatching(filter, verb)), states: {} });
      return answer(200, { ...(await actOnMatching(filter, { verb, reason }, at_most)), sample: [] });
    },
  });
}

function inOrder({ children, ...task }: TracedTask, depth: number): object[] {
  return [{ ...task, depth }, ...children.flatMap((child) => inOrder(child, depth + 1))];
}

/** A task of a request that says what joins it to others, unless it says so itself. */
function joined(task: Item, context: Context): Item {
  return { correlation_id: requestCorrelation(context), trace_context: requestTrace(context), ...task };
}

async function taskAt(id: string, at: Date) {
  const past = await readTaskAt(id, at);
  if (past !== undefined) return past;
  const present = await readTask(id);
  throw present === undefined ? new MissingResourceError(id) : unseenError(present, at);
}
