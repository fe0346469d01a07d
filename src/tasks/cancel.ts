import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { isFinal, TASK_STATES, type TaskState } from '../constants.ts';
import { standardLog, type Log } from '../log.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/** There is no task of that id (the seed's `MissingResource`). */
export class MissingResourceError extends PulpError {
  constructor(taskId: string) {
    super('MISSING_RESOURCE', `there is no task ${taskId}`, {
      remedy: 'Check the id: `pulp task list` shows the tasks there are.',
      exitCode: 3,
    });
  }
}

/**
 * Cancels a task, and only it, not those that it spawned (the seed's `cancel`). One that waits is cancelled at once; the
 * code of one that runs is told to end and killed if it doesn't; one that is final stays as it is, which is logged.
 *
 * @returns its state after it: `canceled`, `canceling` while its code is being ended, or the final state that it had
 * @throws MissingResourceError if there is no such task
 */
export async function cancel(
  taskId: string,
  reason?: string,
  { log = standardLog() }: { readonly log?: Log } = {},
): Promise<TaskState> {
  if (!z.guid().safeParse(taskId).success) throw new MissingResourceError(taskId);
  const pool = await getConnection();
  try {
    const state = await retrying(() =>
      pool.oneFirst(
        sql.type(
          z.object({ state: z.enum(TASK_STATES) }),
        )`select pulp.cancel(${taskId}, ${reason ?? null}) as state`,
      ),
    );
    if (isFinal(state) && state !== 'canceled') {
      log.info({ task: taskId, state }, `task ${taskId} is ${state} already: it stays so`);
    }
    return state;
  } catch (error) {
    if (error instanceof PulpError && error.code === 'MISSING_RESOURCE')
      throw new MissingResourceError(taskId);
    throw error;
  }
}
