import type { Client } from 'pg';
import { NoticePace } from '../notice-pace.ts';
import { getDatabaseUrl } from './database-url.ts';
import { openClient, settleDirectSession } from './dedicated-client.ts';

/** How long after losing the connection, or not getting one, to try again, in milliseconds. */
const LISTEN_AGAIN_MS = 5000;

export interface NotificationsSettings {
  readonly applicationName: string;
  readonly channels: readonly string[];
  /** Whether one that bears this is to be heard; all are, if this is left out. */
  readonly isOfConcern?: (payload: string) => boolean;
  readonly onNotification: () => void;
}

/**
 * Hears notifications, on a connection of its own. They are hints: while there is no connection, and behind a pooler, none
 * is heard, and whoever relies on what they tell of must look by himself too.
 */
export class Notifications implements AsyncDisposable {
  readonly #settings: NotificationsSettings;
  readonly #over = new AbortController();
  /** From the first try to connect until the connection is gone. */
  #listener: Promise<Client> | undefined;
  #nextTryAt = 0;

  constructor(settings: NotificationsSettings) {
    this.#settings = settings;
  }

  /** Listens from now on, if it doesn't already and if it can. */
  async listen(): Promise<void> {
    if (this.#listener !== undefined || performance.now() < this.#nextTryAt) return;
    this.#nextTryAt = performance.now() + LISTEN_AGAIN_MS;
    const address = await getDatabaseUrl();
    if (this.#over.signal.aborted) return;
    const { applicationName, channels, isOfConcern = () => true, onNotification } = this.#settings;
    const connecting = openClient(address, { applicationName, signal: this.#over.signal });
    this.#listener = connecting;
    const forget = () => {
      this.#listener = undefined;
    };
    try {
      const listener = await connecting;
      const pace = new NoticePace(onNotification);
      listener
        .on('notification', ({ payload = '' }) => {
          if (isOfConcern(payload)) pace.hear();
        })
        .once('end', forget);
      if (await settleDirectSession(listener)) {
        await listener.query(channels.map((channel) => `listen ${channel}`).join('; '));
        return;
      }
      this.#nextTryAt = Infinity; // what is listened for by a pooler may come to another client
    } catch {
      // Readers look by themselves meanwhile.
    }
    await this.#end().finally(forget);
  }

  /** Listens no more, also if it is only about to. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#nextTryAt = Infinity;
    this.#over.abort();
    await this.#end();
  }

  async #end(): Promise<void> {
    const listener = await this.#listener?.catch(() => undefined); // it could not be had
    await listener?.end();
  }
}
