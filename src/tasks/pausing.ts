import { type PauseKind } from '../constants.ts';
import { askingOnce } from '../postgres/asking-once.ts';
import { sql } from '../postgres/sql.ts';
import { checkMembersApart } from './payload.ts';

/** How something is paused. */
export interface PauseOptions {
  /** Why: text of 16,384 bytes at most. */
  readonly reason?: string | undefined;
  /** After so many seconds it goes on by itself. Default: when somebody resumes it. */
  readonly seconds?: number | undefined;
}

/**
 * Pauses a queue, a task type, a resource or everything: nothing of it begins, what runs goes on. What is paused already is paused anew,
 * with this reason and end. For operators.
 *
 * @param name of the queue, the type or the resource; none for all
 * @throws PulpError INVALID_INPUT, NOT_ALLOWED, DATABASE_UNREACHABLE and others of the database
 */
export async function pause(
  kind: PauseKind,
  name?: string,
  { reason, seconds }: PauseOptions = {},
): Promise<void> {
  checkMembersApart({ name, reason });
  await askingOnce((pool) =>
    pool.query(sql.unsafe`
      select pulp.pause(${kind}, ${name ?? null}, ${reason ?? null}, clock_timestamp() + ${seconds ?? null}::float8 * interval '1 s')`),
  );
}

/**
 * Lets go on what is paused. For operators.
 *
 * @throws PulpError NOT_PAUSED, INVALID_INPUT, NOT_ALLOWED, DATABASE_UNREACHABLE and others of the database
 */
export async function resume(
  kind: PauseKind,
  name?: string,
  { reason }: { readonly reason?: string | undefined } = {},
): Promise<void> {
  checkMembersApart({ name, reason });
  await askingOnce((pool) =>
    pool.query(sql.unsafe`select pulp.resume(${kind}, ${name ?? null}, ${reason ?? null})`),
  );
}
