import { once } from 'node:events';
import type { Notification } from 'pg';
import { connect } from '../support/database.ts';

/** What tasks of the type `test.hold` wait at. Closed when it is made, opened for good by `open` or at its scope's end. */
export class Gate implements AsyncDisposable {
  readonly #client;

  private constructor(client: Awaited<ReturnType<typeof connect>>) {
    this.#client = client;
  }

  static async close(databaseUrl: string): Promise<Gate> {
    const client = await connect(databaseUrl);
    await client.query('listen test_held');
    await client.query('select pg_advisory_lock(1)');
    return new Gate(client);
  }

  /** Waits until a task has come to the gate; call it before the task can come. Gives the task's id. */
  async held(): Promise<string> {
    const [notification] = (await once(this.#client, 'notification')) as [Notification];
    return notification.payload ?? '';
  }

  async open(): Promise<void> {
    await this.#client.query('select pg_advisory_unlock(1)');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}
