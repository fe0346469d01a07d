import { z } from 'zod';
import { APT_STATES, type TaskState } from '../constants.ts';
import { askingOnce } from '../postgres/asking-once.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { matchingTasks } from '../queries/matching-tasks.ts';
import { newTaskId } from '../new-task-id.ts';
import { readGroup, type TaskGroup } from '../queries/task-group.ts';
import { awaitGroupEnd } from '../waiting/wait-for-group.ts';
import { actOn } from './acting.ts';
import { enqueueBy, itemOf, type EnqueueRequest } from './enqueue.ts';
import { withinTime, type WaitOptions } from './time-limit.ts';
import { checkMembersApart, writePayload } from './payload.ts';

/** A group that was created. */
export interface CreatedGroup {
  /** What its tasks are enqueued with, as their `group`. */
  readonly id: string;
  /** The task that runs when all others are over; null: there is none. */
  readonly finallyTask: string | null;
}

/** What can be said of a group. */
export interface GroupOptions {
  /** Default: one that is made up. */
  readonly id?: string | undefined;
  /** What it is, in words. */
  readonly description?: string | undefined;
  /** A task that runs when all others of the group are over, however they ended, and `dispatchGroup` has said that none is to come. */
  readonly finally?: Omit<EnqueueRequest, 'group' | 'finally' | 'unique'> | undefined;
}

/**
 * Creates a group of tasks, for those that are enqueued with it from then on.
 *
 * @throws PulpError GROUP_EXISTS or INVALID_INPUT, and of its last task those of `enqueueWithReservation`; nothing is written then
 */
export async function createGroup({ finally: last, ...options }: GroupOptions = {}): Promise<CreatedGroup> {
  if (last === undefined) return createGroupOf(options);
  const id = options.id ?? newTaskId();
  const [finallyTask = null] = await enqueueBy([{ unique: false, ...last }], async (named) => {
    const [item] = named.map(itemOf);
    const created = await createGroupOf({ ...options, id, finally: writePayload(item, 'finally') });
    return created.finallyTask === null ? [] : [created.finallyTask];
  });
  return { id, finallyTask };
}

/** The same with a last task that is given as JSON text, with the keys of `pulp.enqueue_batch`. */
export async function createGroupOf({
  id,
  description,
  finally: item,
}: Omit<GroupOptions, 'finally'> & {
  readonly finally?: string | undefined;
}): Promise<CreatedGroup> {
  checkMembersApart({ id, description });
  return askingOnce((pool) =>
    pool.one(sql.type(z.object({ id: z.string(), finallyTask: z.string().nullable() }))`
      select id, finally_task as "finallyTask"
      from pulp.create_group(${id ?? null}, ${description ?? null}, ${item ?? null}::jsonb)`),
  );
}

/**
 * Says that all tasks of a group are enqueued: from then on none comes but from those that are in it. What was to run last runs when all
 * others are over.
 *
 * @throws PulpError MISSING_GROUP if no such group was created
 */
export async function dispatchGroup(id: string): Promise<void> {
  checkMembersApart({ id });
  const pool = await getConnection();
  await retrying(() => pool.query(sql.unsafe`select pulp.dispatch_group(${id})`));
}

/**
 * Waits until all tasks of a group are over; gives it with its numbers.
 *
 * @param options.timeout milliseconds to wait at most; then PulpError WAIT_TIMEOUT
 * @throws PulpError MISSING_GROUP, or INVALID_INPUT if the timeout is not a length of time
 */
export function waitForGroup(id: string, options: WaitOptions = {}): Promise<TaskGroup> {
  const late = {
    message: `tasks of the group ${JSON.stringify(id)} are not over yet`,
    remedy: 'Wait longer; they go on all the same.',
  };
  return withinTime(options, late, (end) => awaitGroupEnd(id, end));
}

/**
 * Cancels the tasks of a group that are not over, a thousand at a time. What was done stays so, whatever happens to the rest; calling again
 * goes on.
 *
 * @returns how many are in which state after it
 * @throws PulpError MISSING_GROUP
 */
export async function cancelGroup(
  id: string,
  reason?: string,
): Promise<Readonly<Partial<Record<TaskState, number>>>> {
  await readGroup(id);
  const states: Partial<Record<TaskState, number>> = {};
  for await (const ids of matchingTasks({ group: id, states: APT_STATES.cancel })) {
    for (const { state } of await actOn(ids, { verb: 'cancel', reason }))
      states[state] = (states[state] ?? 0) + 1;
  }
  return states;
}
