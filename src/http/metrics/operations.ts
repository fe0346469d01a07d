import { z } from 'zod';
import { workerTtl } from '../../worker-ttl.ts';
import { readMetrics } from '../../queries/metrics.ts';
import { operation } from '../api/operation.ts';
import { EXPOSITION_TYPE, writeExposition } from './exposition.ts';

export const metricsOperations = [
  operation({
    id: 'metrics',
    method: 'get',
    path: '/metrics',
    summary: 'All metrics, in the text format of Prometheus.',
    right: 'read',
    query: z.strictObject({}),
    answers: { 200: { description: 'Metrics.', type: EXPOSITION_TYPE, schema: z.string() } },
    run: async () =>
      new Response(writeExposition(await readMetrics(workerTtl())), {
        headers: { 'Content-Type': EXPOSITION_TYPE },
      }),
  }),
];
