import { z } from 'zod';
import { MissingResourceError } from '../../errors.ts';
import { readTask, type Task } from '../../queries/task.ts';
import { openArguments, type Arguments } from '../../secrets/arguments.ts';
import type { SecretPlace } from '../../secrets/secret-places.ts';
import { secretRealm } from '../../secrets/secret-realm.ts';
import { cancel } from '../../tasks/cancel.ts';
import { asCurrentTask, type CurrentWorker } from '../../tasks/current.ts';
import { enqueueOptions } from '../../tasks/enqueue-options.ts';
import { enqueueNamed, type NamedRequest } from '../../tasks/enqueue.ts';
import { awaitFinalAsTask } from '../../tasks/waiting-as-task.ts';
import type { Question } from '../horses/horse-protocol.ts';
import { currentTask, type StartedTask } from './run-records.ts';

/** A worker does not rely on what the process of a task says: only the form of a question can be told from outside. */
const places = z.array(z.array(z.union([z.string(), z.number(), z.literal(true)])).min(2));

const request = z.strictObject({
  task: z.string(),
  args: z.unknown(),
  kwargs: z.unknown(),
  resources: z.array(z.string()),
  ...Object.fromEntries(enqueueOptions.map(([name, { form }]) => [name, form.optional()])),
  sharedResources: z.array(z.string()),
  secrets: places.optional(),
}) as z.ZodType as z.ZodType<NamedRequest>;

const question: z.ZodType<Question> = z.discriminatedUnion('of', [
  z.object({ of: z.literal('arguments'), places }),
  z.object({ of: z.literal('recorded') }),
  z.object({ of: z.literal('enqueue'), requests: z.array(request) }),
  z.object({ of: z.literal('cancel'), id: z.string(), reason: z.string().optional() }),
  z.object({ of: z.literal('read'), id: z.string() }),
  z.object({ of: z.literal('end'), id: z.string() }),
]);

/**
 * Does for the code of a task in its own process what needs keys or the database: it decrypts the secrets of that task and
 * no other, and enqueues in its name. Of tasks it sees those of the same correlation.
 */
export async function answerTask(
  asked: unknown,
  task: StartedTask,
  worker: CurrentWorker,
  signal: AbortSignal,
  recorded: (id: string) => Promise<void>,
): Promise<unknown> {
  const told = question.parse(asked);
  switch (told.of) {
    case 'arguments': {
      const { args, kwargs } = await openTask(task, told.places);
      return { args, kwargs };
    }
    case 'recorded':
      return recorded(task.id);
    case 'enqueue':
      return asCurrentTask(currentTask(task, worker), () => enqueueNamed(told.requests));
    case 'cancel':
      if ((await related(told.id, task)) === undefined) throw new MissingResourceError(told.id);
      return cancel(told.id, told.reason);
    case 'read':
      return related(told.id, task);
    case 'end':
      if ((await related(told.id, task)) === undefined) throw new MissingResourceError(told.id);
      return awaitFinalAsTask(task.id, told.id, signal);
  }
}

/** The arguments of a task, with the secrets at these places decrypted. @throws as `openArguments` */
export async function openTask(task: StartedTask, secrets: readonly SecretPlace[]): Promise<Arguments> {
  return openArguments(task, secrets, { name: task.name, id: task.id, realm: await secretRealm() });
}

/** A task, if it is of the same correlation. */
async function related(id: string, { correlation_id }: StartedTask): Promise<Task | undefined> {
  const found = await readTask(id);
  return found?.correlation_id === correlation_id ? found : undefined;
}
