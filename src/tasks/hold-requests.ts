import { z } from 'zod';
import { askingOnce } from '../postgres/asking-once.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { newTaskId } from '../new-task-id.ts';
import { checkMembersApart } from './payload.ts';

/** What else is asked for with a hold, as `pulp.request_hold` takes it. */
export interface HoldRequest {
  readonly id?: string | undefined;
  readonly units?: Readonly<Record<string, number>> | undefined;
  readonly reason?: string | undefined;
  /** For how long, from when it is granted. */
  readonly seconds?: number | undefined;
  /** For how long it is taken to be alive after a sign of life; null: it gives none. */
  readonly lease_seconds?: number | null | undefined;
}

/** What is told of a hold at a sign of life. */
export const holdState = z.object({
  state: z.enum(['waiting', 'granted']),
  /** Null: not granted yet. */
  fence: z.coerce.number().nullable(),
  until: z.date().nullable(),
});

export type HoldState = z.infer<typeof holdState>;

/**
 * Stands in line for resources without a task; gives the id of the hold. Safe against a lost answer: the same id is asked for once.
 *
 * @throws PulpError INVALID_INPUT, ID_CONFLICT, DATABASE_UNREACHABLE and others of the database
 */
export async function requestHold(
  resources: readonly string[],
  sharedResources: readonly string[],
  request: HoldRequest,
): Promise<string> {
  const asked = { ...request, id: request.id ?? newTaskId() };
  checkMembersApart({ resources, sharedResources, ...asked });
  const pool = await getConnection();
  await retrying(() =>
    pool.query(sql.unsafe`
      select pulp.request_hold(
        ${sql.array(resources, 'text')}, ${sql.array(sharedResources, 'text')}, ${JSON.stringify(asked)}::jsonb)`),
  );
  return asked.id;
}

/** Gives a sign of life. @throws PulpError HOLD_OVER and those of the database */
export async function renewHold(id: string): Promise<HoldState> {
  return askingOnce((pool) =>
    pool.one(sql.type(holdState)`select state, fence, until from pulp.renew_hold(${id})`),
  );
}

/**
 * Lets go of what is held, or leaves the line. For whoever asked for it, and for operators.
 *
 * @throws PulpError HOLD_OVER, INVALID_INPUT, DATABASE_UNREACHABLE and others of the database
 */
export async function releaseHold(id: string, reason?: string): Promise<void> {
  checkMembersApart({ id, reason });
  await askingOnce((pool) => pool.query(sql.unsafe`select pulp.release_hold(${id}, ${reason ?? null})`));
}
