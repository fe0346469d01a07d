import { z } from 'zod';
import { defineTask } from '../../src/tasks/define-task.ts';
import { noop } from './workload.ts';

const kwargs = z.object({ number: z.number() });

export const inlineNoop = defineTask('bench.inline', {
  kwargs,
  isolation: 'inline',
  run: ({ kwargs: payload }) => noop(payload),
});

export const horseNoop = defineTask('bench.horse', { kwargs, run: ({ kwargs: payload }) => noop(payload) });
