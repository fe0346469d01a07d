import { z } from 'zod';
import { defineTask } from '../../src/tasks/define-task.ts';
import { noop } from './workload.ts';

const kwargs = z.object({ number: z.number() });

/** How many inline tasks have run in this process. */
export const ran = { count: 0, onRun: () => {} };

export const inlineNoop = defineTask('bench.inline', {
  kwargs,
  isolation: 'inline',
  run: async ({ kwargs: payload }) => {
    await noop(payload);
    ran.count += 1;
    ran.onRun();
  },
});

export const horseNoop = defineTask('bench.horse', { kwargs, run: ({ kwargs: payload }) => noop(payload) });
