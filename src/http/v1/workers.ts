import { z } from 'zod';
import { MOST } from '../../counts.ts';
import { listWorkers, workerRow } from '../../queries/worker.ts';
import { drainWorker, setWorker } from '../../workers/orders.ts';
import { answer, operation } from '../api/operation.ts';
import { moment } from '../api/parameters.ts';

const parts = { name: 'The name of a worker.' };

export const workerOperations = [
  operation({
    id: 'drain_worker',
    method: 'post',
    path: '/api/v1/workers/:name/drain',
    parts,
    summary: 'Tell a worker to finish what it runs, and end.',
    right: 'operate',
    query: z.strictObject({}),
    body: z.strictObject({ reason: z.string().optional() }),
    answers: { 200: { description: 'It was told.', schema: z.object({ name: z.string() }) } },
    run: async ({ part, body }) => {
      await drainWorker(part('name'), body.reason);
      return answer(200, { name: part('name') });
    },
  }),
  operation({
    id: 'set_worker',
    method: 'patch',
    path: '/api/v1/workers/:name',
    parts,
    summary: 'Give a worker another number of tasks to have in hand.',
    right: 'operate',
    query: z.strictObject({}),
    body: z.strictObject({ concurrency: z.int().min(1).max(MOST) }),
    answers: {
      200: { description: 'It was told.', schema: z.object({ name: z.string(), concurrency: z.int() }) },
    },
    run: async ({ part, body }) => {
      await setWorker(part('name'), body);
      return answer(200, { name: part('name'), ...body });
    },
  }),
  operation({
    id: 'list_workers',
    method: 'get',
    path: '/api/v1/workers',
    summary: 'List the workers that there are and were, those online first.',
    right: 'read',
    query: z.strictObject({ at: moment().optional().describe('As they were then; default: as they are.') }),
    answers: {
      200: {
        description: 'Workers.',
        schema: z.object({ workers: z.array(workerRow.meta({ id: 'Worker' })) }),
      },
    },
    run: async ({ query }) => answer(200, { workers: await listWorkers(query.at) }),
  }),
];
