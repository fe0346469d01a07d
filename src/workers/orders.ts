import { askingOnce } from '../postgres/asking-once.ts';
import { sql } from '../postgres/sql.ts';
import { checkMembersApart } from '../tasks/payload.ts';

/**
 * Tells a worker, wherever it runs, to finish what it runs, take nothing new and end, as its first SIGTERM does. It hears of it at once, or with
 * its next sign of life. For operators.
 *
 * @throws PulpError MISSING_RESOURCE, WORKER_NOT_ONLINE, NOT_ALLOWED, DATABASE_UNREACHABLE and others of the database
 */
export async function drainWorker(name: string, reason?: string): Promise<void> {
  checkMembersApart({ name, reason });
  await askingOnce((pool) => pool.query(sql.unsafe`select pulp.drain_worker(${name}, ${reason ?? null})`));
}

/**
 * Gives a worker another number of tasks to have in hand, until it ends; what it has beyond that goes on. For operators.
 *
 * @throws PulpError as `drainWorker`, and INVALID_INPUT
 */
export async function setWorker(
  name: string,
  { concurrency }: { readonly concurrency: number },
): Promise<void> {
  checkMembersApart({ name });
  await askingOnce((pool) => pool.query(sql.unsafe`select pulp.set_worker(${name}, ${concurrency})`));
}
