import { z } from 'zod';
import { TASK_STATES } from '../../constants.ts';
import { groupRow, listGroups, readGroup } from '../../queries/task-group.ts';
import { cancelGroup, createGroupOf, dispatchGroup } from '../../tasks/grouping.ts';
import { toItem } from '../../tasks/task-columns.ts';
import { answer, operation } from '../api/operation.ts';
import { writeTask } from './enqueue.ts';
import { listByName } from './list-by-name.ts';
import { lastItem, MOST_BYTES } from './item.ts';

const ROOT = '/api/v1/groups';

const parts = { id: 'The id of a group.' };

const group = groupRow.meta({ id: 'Group' });

export const groupOperations = [
  listByName({
    id: 'list_groups',
    path: ROOT,
    summary: 'List groups of tasks by id, with how many of their tasks are in each state.',
    key: 'groups',
    row: group,
    list: listGroups,
    nameOf: ({ id }) => id,
  }),
  operation({
    id: 'create_group',
    method: 'post',
    path: ROOT,
    summary: 'Create a group of tasks.',
    right: 'enqueue',
    query: z.strictObject({}),
    body: z.strictObject({
      id: z.string().optional().describe('What its tasks are enqueued with; default: one that is made up.'),
      description: z.string().optional(),
      finally: lastItem
        .optional()
        .describe('A task that runs when all others are over and all are dispatched.'),
    }),
    mostBytes: MOST_BYTES,
    answers: {
      201: {
        description: 'It is there.',
        schema: z.object({
          id: z.string(),
          finally_task: z
            .string()
            .nullable()
            .describe('The id of the task that runs last; null: there is none.'),
        }),
      },
    },
    run: async ({ body: { id, description, finally: last } }) => {
      const written = last === undefined ? undefined : toItem(await writeTask(last));
      const created = await createGroupOf({ id, description, finally: written });
      return answer(
        201,
        { id: created.id, finally_task: created.finallyTask },
        { Location: `${ROOT}/${encodeURIComponent(created.id)}` },
      );
    },
  }),
  operation({
    id: 'show_group',
    method: 'get',
    path: `${ROOT}/:id`,
    parts,
    summary: 'Show a group of tasks, and how many of its tasks are in each state.',
    right: 'read',
    query: z.strictObject({}),
    answers: { 200: { description: 'The group.', schema: group } },
    run: async ({ part }) => answer(200, await readGroup(part('id'))),
  }),
  operation({
    id: 'dispatch_group',
    method: 'post',
    path: `${ROOT}/:id/dispatched`,
    parts,
    summary:
      'Say that all tasks of a group are enqueued: none comes from then on but from those that are in it.',
    right: 'enqueue',
    query: z.strictObject({}),
    body: z.strictObject({}),
    answers: { 200: { description: 'The group.', schema: group } },
    run: async ({ part }) => {
      await dispatchGroup(part('id'));
      return answer(200, await readGroup(part('id')));
    },
  }),
  operation({
    id: 'cancel_group',
    method: 'post',
    path: `${ROOT}/:id/cancel`,
    parts,
    summary: 'Cancel the tasks of a group that are not over.',
    right: 'cancel',
    query: z.strictObject({}),
    body: z.strictObject({ reason: z.string().optional() }),
    answers: {
      200: {
        description: 'What was done.',
        schema: z.object({
          states: z
            .partialRecord(z.enum(TASK_STATES), z.int())
            .describe('How many are in which state after it.'),
        }),
      },
    },
    run: async ({ part, body }) => answer(200, { states: await cancelGroup(part('id'), body.reason) }),
  }),
];
