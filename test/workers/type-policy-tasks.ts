import { z } from 'zod';
import { defineTask, Discard, Snooze } from '../../src/index.ts';

/** Task types that say how their tasks are delivered and tried again. */

export const patient = defineTask('policy.patient', {
  queue: 'slow',
  priority: 5,
  retries: 2,
  timeout: '10m',
  backoff: { first: '0.2s', factor: 5, max: '0.6s', jitter: 0 },
  isolation: 'inline',
  run: () => {
    throw new Error('out of luck');
  },
});

export const discards = defineTask('policy.discards', {
  retries: 3,
  run: () => {
    throw new Discard('there is no such mirror', { cause: new Error('404') });
  },
});

export const choosy = defineTask('policy.choosy', {
  kwargs: z.object({ message: z.string() }),
  retries: 1,
  backoff: { first: 0 },
  retryOn: (error) => error instanceof Error && error.message === 'busy',
  isolation: 'inline',
  run: ({ kwargs }) => {
    throw new Error(kwargs.message);
  },
});

let naps = 0;

const nap = ({ attempt }: { readonly attempt: number }) => {
  naps += 1;
  if (naps <= 2) throw new Snooze('50ms', 'the mirror is busy');
  return { attempt };
};

export const naps1 = defineTask('policy.naps', { isolation: 'inline', run: nap });
export const naps2 = defineTask('policy.naps.horse', { run: nap });
