import { z } from 'zod';
import { listWorkers, workerRow } from '../../projections/worker.ts';
import { answer, operation } from '../api/operation.ts';
import { moment } from '../api/parameters.ts';

export const workerOperations = [
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
