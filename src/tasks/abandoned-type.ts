import { z } from 'zod';
import { defineTask, type TaskType } from './define-task.ts';

const abandoned = z.strictObject({
  task: z.string(),
  state: z.enum(['failed', 'canceled']),
  created: z.array(z.string()),
});

/** The type of the tasks that tell a type what its tasks have created before they failed or were canceled: see `onAbandoned`. */
export function abandonedType({ name, isolation, onAbandoned }: TaskType): TaskType | undefined {
  if (onAbandoned === undefined) return undefined;
  return defineTask(`${name}.abandoned`, {
    kwargs: abandoned,
    isolation,
    onWorkerLoss: 'retry',
    retries: 5,
    run: (context) => onAbandoned(context.kwargs, context),
  });
}
