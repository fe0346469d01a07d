import type { DatabasePool } from 'slonik';
import { getConnection } from './connection.ts';
import { toPulpError } from './sql-error.ts';

/**
 * Runs a step that is not repeated if its answer is lost, since a second time it would do, or say, something else: see `retrying` for
 * all others. Its errors come in the words of this package.
 */
export async function askingOnce<T>(step: (pool: DatabasePool) => Promise<T>): Promise<T> {
  const pool = await getConnection();
  try {
    return await step(pool);
  } catch (error) {
    throw toPulpError(error);
  }
}
