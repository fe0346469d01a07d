import { z } from 'zod';
import { holdRow, listHolds } from '../../queries/hold.ts';
import { holdState, releaseHold, renewHold, requestHold } from '../../tasks/hold-requests.ts';
import { resourceNames } from '../../tasks/resource.ts';
import { answer, operation } from '../api/operation.ts';

const ROOT = '/api/v1/holds';

const parts = { id: 'The id of a hold.' };

export const holdOperations = [
  operation({
    id: 'list_holds',
    method: 'get',
    path: ROOT,
    summary: 'List who holds resources, or waits for them, without a task, the oldest first.',
    right: 'read',
    query: z.strictObject({}),
    answers: {
      200: { description: 'Holds.', schema: z.object({ holds: z.array(holdRow.meta({ id: 'Hold' })) }) },
    },
    run: async () => answer(200, { holds: await listHolds() }),
  }),
  operation({
    id: 'request_hold',
    method: 'post',
    path: ROOT,
    summary: 'Stand in line for resources without a task.',
    right: 'enqueue',
    query: z.strictObject({}),
    body: z.strictObject({
      resources: z.array(z.string()).optional().describe('Claimed alone.'),
      shared_resources: z.array(z.string()).optional().describe('Claimed beside others.'),
      units: z.record(z.string(), z.int()).optional(),
      reason: z.string().optional(),
      seconds: z.number().optional().describe('For how long at most, from when it is granted.'),
      lease_seconds: z
        .number()
        .nullable()
        .optional()
        .describe('It is lost after so long without a sign of life; null: it gives none. Default: 30.'),
      id: z.string().optional().describe('A UUID of your own: the same id is asked for once.'),
    }),
    answers: {
      201: { description: 'It stands in line.', schema: z.object({ id: z.string() }) },
    },
    run: async ({ body: { resources = [], shared_resources = [], ...request } }) =>
      answer(201, {
        id: await requestHold(
          resourceNames(resources, 'resources'),
          resourceNames(shared_resources, 'shared_resources'),
          request,
        ),
      }),
  }),
  operation({
    id: 'renew_hold',
    method: 'post',
    path: `${ROOT}/:id/renew`,
    summary: 'Give a sign of life of a hold; tells whether it is granted by now, and its fence.',
    right: 'cancel',
    parts,
    query: z.strictObject({}),
    answers: { 200: { description: 'How it stands.', schema: holdState.meta({ id: 'HoldState' }) } },
    run: async ({ part }) => answer(200, await renewHold(part('id'))),
  }),
  operation({
    id: 'release_hold',
    method: 'post',
    path: `${ROOT}/:id/release`,
    summary: 'Let go of what is held, or leave the line.',
    right: 'cancel',
    parts,
    query: z.strictObject({}),
    body: z.strictObject({ reason: z.string().optional() }),
    answers: { 200: { description: 'It is over.', schema: z.object({ id: z.string() }) } },
    run: async ({ part, body: { reason } }) => {
      await releaseHold(part('id'), reason);
      return answer(200, { id: part('id') });
    },
  }),
];
