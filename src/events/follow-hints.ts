import type { Client } from 'pg';
import { CHANNELS } from '../constants.ts';
import { getDatabaseUrl } from '../postgres/database-url.ts';
import { createClient, isDirect } from '../postgres/dedicated-client.ts';

/** How long after losing the notifications, or not getting any, to try again, in milliseconds. */
const LISTEN_AGAIN_MS = 5000;

/**
 * Hears that something was probably appended, on a connection of its own. Most commands notify somebody, but not all, and
 * behind a pooler nothing is heard: whoever relies on the log must look by himself too.
 */
export class Hints implements AsyncDisposable {
  readonly #onHint: () => void;
  #listener: Client | undefined;
  #nextTryAt = 0;

  constructor(onHint: () => void) {
    this.#onHint = onHint;
  }

  /** Listens from now on, if it doesn't already and if it can; never rejects. */
  async listen(): Promise<void> {
    if (this.#listener !== undefined || performance.now() < this.#nextTryAt) return;
    this.#nextTryAt = performance.now() + LISTEN_AGAIN_MS;
    const connectionString = await getDatabaseUrl();
    if (this.#nextTryAt === Infinity) return;
    const listener = createClient({ connectionString, application_name: 'pulp events' });
    this.#listener = listener;
    listener.on('notification', () => {
      this.#onHint();
    });
    const forget = () => {
      this.#listener = undefined;
    };
    listener.once('end', forget);
    try {
      await listener.connect();
      // By a pooler, what is listened for would come to another client.
      if (!(await isDirect(listener))) throw new Error('no session of its own');
      await listener.query(
        Object.values(CHANNELS)
          .map((channel) => `listen ${channel}`)
          .join('; '),
      );
    } catch {
      await listener.end().finally(forget);
    }
  }

  /** Listens no more, also if it is only about to. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#nextTryAt = Infinity;
    await this.#listener?.end();
  }
}
