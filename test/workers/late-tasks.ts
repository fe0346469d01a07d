import { setTimeout as pause } from 'node:timers/promises';
import { defineTask } from '../../src/index.ts';

/** Which attempts began in this process. */
export const begun: number[] = [];

const inline = {
  isolation: 'inline',
  run: async ({ signal, attempt }: { readonly signal: AbortSignal; readonly attempt: number }) => {
    begun.push(attempt);
    await pause(60_000, undefined, { signal });
  },
} as const;

export const tried = defineTask('late.tried', { ...inline, onWorkerLoss: 'retry' });
export const requeued = defineTask('late.requeued', { ...inline, onWorkerStop: 'requeue' });

export const inHorse = defineTask('late.in-horse', {
  onWorkerStop: 'requeue',
  run: async ({ signal, progress }) => {
    progress('began');
    await pause(60_000, undefined, { signal });
  },
});

/** Creates something again and again, until it is told to end. */
export const creating = defineTask('late.creating', {
  isolation: 'inline',
  onWorkerLoss: 'retry',
  run: async ({ signal, created, attempt }) => {
    begun.push(attempt);
    for (let place = 0; !signal.aborted; place += 1) {
      await created(`/${attempt}/${place}/`);
      await pause(20);
    }
    begun.push(-attempt);
  },
});
