import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { retrying } from '../postgres/retry.ts';

/** How long rows are to be locked, in milliseconds: batches shrink if they take longer and grow if they take much less. */
const LOCK_MS = 50;

const LEAST = 50;
const MOST = 250;

/** How long to try for tasks that somebody else has locked, and how often, in milliseconds. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 100;

/** Puts tasks right in batches, each a short transaction: see `pulp.rebuild_tasks`. */
export class RebuildBatches {
  #size = 100;
  #longestMs = 0;
  #leftOut = new Set<string>();

  /** The longest time that a batch took, and so that its rows were locked. */
  get longestLockMs(): number {
    return this.#longestMs;
  }

  /** Puts these tasks right, but for those that somebody else has locked: `finish` tries them again. */
  async putRight(client: Client, ids: readonly string[]): Promise<void> {
    for (let start = 0; start < ids.length;) {
      const batch = ids.slice(start, start + this.#size);
      start += batch.length;
      for (const id of await this.#rebuild(client, batch)) this.#leftOut.add(id);
    }
  }

  /** Tries what was left out until it is done, or for half a minute. */
  async finish(client: Client): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.#leftOut.size > 0 && performance.now() < deadline) {
      const ids = [...this.#leftOut];
      this.#leftOut.clear();
      await this.putRight(client, ids);
      if (this.#leftOut.size > 0) await pause(RETRY_MS);
    }
    this.#leftOut.clear();
  }

  async #rebuild(client: Client, ids: readonly string[]): Promise<readonly string[]> {
    return retrying(async () => {
      const started = performance.now();
      const { rows } = await client.query<{ left_out: string[] }>('select * from pulp.rebuild_tasks($1)', [
        ids,
      ]);
      const ms = performance.now() - started;
      this.#longestMs = Math.max(this.#longestMs, ms);
      if (ms > LOCK_MS) this.#size = Math.max(LEAST, Math.floor(this.#size / 2));
      else if (ms < LOCK_MS / 2 && ids.length === this.#size) this.#size = Math.min(MOST, this.#size * 2);
      return rows[0]?.left_out ?? [];
    });
  }
}
