import { z } from 'zod';
import { defineTask, enqueueWithReservation, Snooze } from '../../src/index.ts';

/** Task types for the tests of what users test with. */

export const adds = defineTask('adds', {
  args: z.tuple([z.number(), z.number()]),
  run: ({ args: [a, b], progress, report }) => {
    progress('adding');
    report({ code: 'add', message: 'Adding', total: 1, done: 1 });
    return a + b;
  },
});

export const spreads = defineTask('spreads', {
  kwargs: z.object({ to: z.number().int() }),
  queue: 'slow',
  run: async ({ kwargs: { to } }) => {
    for (let n = 0; n < to; n += 1) await enqueueWithReservation(adds, ['/sum/'], { args: [n, n] });
  },
});

export const flaky = defineTask('flaky', {
  retries: 1,
  backoff: { first: '1h' },
  run: ({ attempt }) => {
    if (attempt === 1) throw new Error('not yet');
    return 'well';
  },
});

export const snoozes = defineTask('snoozes', {
  run: ({ attempt }) => {
    throw new Snooze('1d', `attempt ${attempt}`);
  },
});

export const hangs = defineTask('hangs', {
  onWorkerLoss: 'retry',
  run: async ({ signal, attempt, progress }) => {
    if (attempt > 1) return 'again';
    progress('hanging');
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    return 'aborted';
  },
});
