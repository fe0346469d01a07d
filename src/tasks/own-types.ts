import { z } from 'zod';
import { purgeAsRequested } from '../maintenance/purge.ts';
import { defineTask } from './define-task.ts';
import type { TaskRegistry } from './task-registry.ts';

/** Purges tasks that are over, as somebody who may do so has requested for it: see `requestPurge`. What it is given only shows that. */
const purge = defineTask('pulp.purge', {
  kwargs: z.object({ finished_before: z.string(), states: z.array(z.string()) }),
  isolation: 'inline',
  onWorkerLoss: 'retry',
  run: async ({ id, signal, progress }) => ({
    purged: await purgeAsRequested(id, {
      signal,
      onStep: (done) => {
        progress({ message: 'Purged tasks', code: 'purge.tasks', done });
      },
    }),
  }),
});

/** The task types that a worker has, whatever its tasks file defines. */
export function withOwnTypes(defined: TaskRegistry): TaskRegistry {
  return new Map([[purge.name, purge], ...defined]);
}
