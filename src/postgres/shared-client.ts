import type { Client } from 'pg';
import { connectDedicated, type DedicatedClientOptions } from './dedicated-client.ts';

/**
 * A dedicated client that several parts of a process use, one statement at a time: connected when it is first asked for, and
 * again when it was lost.
 */
export class SharedClient implements AsyncDisposable {
  readonly #connect: () => Promise<Client>;
  #client: Promise<Client> | undefined;
  #ended = false;

  constructor(databaseUrl: string, applicationName: string, options: DedicatedClientOptions) {
    this.#connect = () => connectDedicated(databaseUrl, applicationName, options);
  }

  /** The client. @throws PulpError DATABASE_UNREACHABLE if it cannot be had now */
  async get(): Promise<Client> {
    if (this.#ended) throw new Error('the shared client was ended');
    const connecting = (this.#client ??= this.#begin());
    try {
      return await connecting;
    } catch (error) {
      this.#forget(connecting);
      throw error;
    }
  }

  /** It is of no use to anybody any more; the next to ask gets another one. */
  async drop(client: Client): Promise<void> {
    if ((await this.#client?.catch(() => undefined)) === client) this.#client = undefined;
    await client.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await (await this.#client?.catch(() => undefined))?.end();
  }

  #begin(): Promise<Client> {
    const connecting = this.#connect();
    void connecting.then(
      (client) =>
        client.once('end', () => {
          this.#forget(connecting);
        }),
      () => undefined, // who asked for it is told
    );
    return connecting;
  }

  #forget(connecting: Promise<Client>): void {
    if (this.#client === connecting) this.#client = undefined;
  }
}
