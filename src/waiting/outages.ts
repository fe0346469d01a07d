import { EventEmitter } from 'node:events';
import { mayPass } from '../postgres/sql-error.ts';

/** How long the database may be away before those who wait are told so by an error, in milliseconds. */
const LIMIT_MS = 600_000;

/**
 * What those who wait for tasks, or hold resources, may want to tell: that the database is gone for now, that it is back, and what it could
 * not be told.
 */
export const outages = new EventEmitter<{ lost: [error: Error]; over: []; untold: [warning: string] }>();

/** The outages that a waiter sees, and outlasts. */
export class Outage {
  #lostAt: number | undefined;

  /** It works. */
  over(): void {
    if (this.#lostAt !== undefined) outages.emit('over');
    this.#lostAt = undefined;
  }

  /** It failed. @throws the error, if waiting does not help, or the outage lasts for ten minutes */
  lasts(error: unknown): void {
    if (!mayPass(error)) throw error;
    if (this.#lostAt === undefined) outages.emit('lost', error as Error);
    this.#lostAt ??= performance.now();
    if (performance.now() - this.#lostAt > LIMIT_MS) throw error;
  }
}
