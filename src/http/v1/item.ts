import { z } from 'zod';
import { enqueueOptions, isOfLastTask, optionHelp, type EnqueueOption } from '../../tasks/enqueue-options.ts';
import type { Item } from './enqueue.ts';

/** How many bytes one task may have, in a request. */
export const MOST_BYTES = 3 * 1024 * 1024;

/** What is said of a task to enqueue. Names, lengths and payloads are checked where they are for all ways of enqueueing. */
export const item = itemOf(() => true).meta({ id: 'TaskToEnqueue' });

/** What is said of a task that a schedule enqueues again and again. */
export const itemToSchedule = itemOf(({ isSingle }) => isSingle !== true).meta({ id: 'TaskToSchedule' });

/** What is said of the task that runs last in a group. */
export const lastItem = itemOf(isOfLastTask);

function itemOf(isTaken: (option: EnqueueOption) => boolean): z.ZodType<Item> {
  const options = enqueueOptions
    .filter(([, option]) => isTaken(option))
    .map(([, option]) => [option.key, option.form.optional().describe(optionHelp(option))] as const);
  return z.strictObject({
    name: z.string().describe('The task type.'),
    args: z.unknown().meta({ type: 'array', description: 'Positional arguments.' }).optional(),
    kwargs: z.unknown().meta({ type: 'object', description: 'Named arguments.' }).optional(),
    resources: z.array(z.string()).optional().describe('Claimed alone.'),
    ...Object.fromEntries(options),
  });
}
