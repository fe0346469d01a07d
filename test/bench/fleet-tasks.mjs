import { defineTask } from 'pulp-tasking';
import { z } from 'zod';

/** The types of tasks.ts, as a program has them that uses the built package. */

const kwargs = z.object({ number: z.number() });

export const inlineNoop = defineTask('bench.inline', {
  kwargs,
  isolation: 'inline',
  run: () => Promise.resolve(),
});

export const horseNoop = defineTask('bench.horse', { kwargs, run: () => Promise.resolve() });
