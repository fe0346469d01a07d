import { z } from 'zod';
import { MissingResourceError, PulpError } from '../errors.ts';
import { isFinal, TASK_STATES, type TaskState } from '../constants.ts';
import { standardLog, type Log } from '../log.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { checkMembersApart } from './payload.ts';
import { workersServiceUnlessConnected } from './workers-service.ts';

const taskState = z.enum(TASK_STATES);

/**
 * Cancels a task, and only it, not those that it spawned (pulpcore's `cancel`). One that waits is canceled at once; the
 * code of one that runs is told to end and killed if it doesn't; one that is final stays as it is, which is logged.
 *
 * @returns its state after it: `canceled`, `canceling` while its code is being ended, or the final state that it had
 * @param reason text of 16,384 bytes at most, without NUL characters
 * @throws MissingResourceError if there is no such task; PulpError INVALID_INPUT for the reason; DATABASE_UNREACHABLE and others of the database
 */
export async function cancel(
  taskId: string,
  reason?: string,
  { log = standardLog() }: { readonly log?: Log } = {},
): Promise<TaskState> {
  if (!z.guid().safeParse(taskId).success) throw new MissingResourceError(taskId);
  checkMembersApart({ reason });
  try {
    const service = workersServiceUnlessConnected();
    if (service !== undefined) return await service.cancel(taskId, reason);
    const pool = await getConnection();
    const { state, before } = await retrying(() =>
      pool.one(
        sql.type(z.object({ state: taskState, before: taskState.nullable() }))`
          select pulp.cancel(${taskId}, ${reason ?? null}) as state,
            (select t.state from pulp.task t where t.id = ${taskId}) as before`,
      ),
    );
    if (isFinal(state) && (state !== 'canceled' || before === 'canceled')) {
      log.info({ task: taskId, state }, `task ${taskId} is ${state} already: it stays so`);
    }
    return state;
  } catch (error) {
    if (error instanceof PulpError && error.code === 'MISSING_RESOURCE')
      throw new MissingResourceError(taskId);
    throw error;
  }
}
