import { z } from 'zod';
import { defineTask, enqueueWithReservation } from '../../src/index.ts';

/** Task types that enqueue another task and wait for it, in the two isolations. */

const wish = z.object({
  resources: z.array(z.string()).optional(),
  after: z.array(z.string()).optional(),
  timeout: z.number().optional(),
});

async function enqueueAndWait({
  resources = [],
  after = [],
  timeout,
}: z.infer<typeof wish>): Promise<string> {
  const child = await enqueueWithReservation('wait.child', resources, { after });
  const { state } = await child.wait(timeout === undefined ? {} : { timeout });
  return state;
}

export const horse = defineTask('wait.horse', { kwargs: wish, run: ({ kwargs }) => enqueueAndWait(kwargs) });

export const inline = defineTask('wait.inline', {
  kwargs: wish,
  isolation: 'inline',
  run: ({ kwargs }) => enqueueAndWait(kwargs),
});

export const child = defineTask('wait.child', { isolation: 'inline', run: () => 'done' });
