import { z } from 'zod';
import { activityRow, failureGroupRow, readActivity, readFailureGroups } from '../../queries/activity.ts';
import { answer, operation } from '../api/operation.ts';
import { integer, moment } from '../api/parameters.ts';

/** How long a period may be, in seconds. */
const LONGEST = 31 * 86_400;

const period = {
  window: integer({ min: 60, max: LONGEST }).prefault('3600').describe('How long the period is, in seconds.'),
  until: moment().optional().describe('When it ends; default: now.'),
};

export const activityOperations = [
  operation({
    id: 'show_activity',
    method: 'get',
    path: '/api/v1/activity',
    summary: 'Tell how many tasks came, started and ended in a period, and how long they waited and ran.',
    right: 'read',
    query: z.strictObject({ ...period, buckets: integer({ min: 1, max: 200 }).prefault('60') }),
    answers: {
      200: {
        description: 'The parts of the period, in order.',
        schema: z.object({ buckets: z.array(activityRow.meta({ id: 'Activity' })) }),
      },
    },
    run: async ({ query: { window, until, buckets } }) =>
      answer(200, { buckets: await readActivity({ windowMs: window * 1000, until }, buckets) }),
  }),
  operation({
    id: 'list_failures',
    method: 'get',
    path: '/api/v1/failures',
    summary: 'Tell what failed in a period, failures that are alike together.',
    right: 'read',
    query: z.strictObject({ ...period, limit: integer({ min: 1, max: 200 }).prefault('50') }),
    answers: {
      200: {
        description: 'Groups of failures, the most frequent first.',
        schema: z.object({ groups: z.array(failureGroupRow.meta({ id: 'FailureGroup' })) }),
      },
    },
    run: async ({ query: { window, until, limit } }) =>
      answer(200, { groups: await readFailureGroups({ windowMs: window * 1000, until }, limit) }),
  }),
];
