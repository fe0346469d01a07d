import { z } from 'zod';
import { parseDuration } from '../duration.ts';
import { getConnection } from '../postgres/connection.ts';
import { sql } from '../postgres/sql.ts';

/**
 * Time of a test's database, for what waits for it: delays, pauses before a retry, snoozes, pauses of queues, and schedules. It is
 * moved by bringing these nearer; what has been recorded keeps its time.
 */
export class TestClock {
  readonly #within: <T>(work: () => T) => T;

  /** @param within does work with the database of the test */
  constructor(within: <T>(work: () => T) => T) {
    this.#within = within;
  }

  /**
   * Has so long pass, such as `1h`: what waits until then is due.
   *
   * @throws PulpError INVALID_INPUT if that is not a length of time
   */
  async advance(by: string): Promise<void> {
    const seconds = parseDuration(by, 'by') / 1000;
    const pool = await this.#within(getConnection);
    await pool.transaction(async (transaction) => {
      const step = sql.fragment`${seconds} * interval '1 s'`;
      await transaction.query(sql.unsafe`update pulp.deferred set due_at = due_at - ${step}`);
      await transaction.query(
        sql.unsafe`update pulp.pause set until = until - ${step} where until is not null`,
      );
      await transaction.query(
        sql.unsafe`update pulp.schedule set next_at = next_at - ${step} where next_at is not null`,
      );
      await transaction.any(sql.type(z.object({}))`select from pulp.notify('pulp_grant', '')`);
    });
  }
}
