import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What a client sends to end a transaction well, as it goes over the wire. */
export const COMMIT = /commit\0/i;

/**
 * What is lost together with the connection. `request`: the server never gets it. `answer`: the server has dealt with it,
 * and the client hears nothing. `connection`: it is cut when the request is on its way; who knows.
 */
export type Loss = 'request' | 'answer' | 'connection';

interface Trap {
  readonly at: RegExp;
  /** `time`: only the answer is held. */
  readonly loss: Loss | 'time';
  /** Undefined: it stays. */
  readonly sprung: PromiseWithResolvers<void> | undefined;
}

interface Line {
  readonly client: Socket;
  readonly server: Socket;
}

/** A network between a client and a database that fails as it is told; `url` is the way through it. */
export class FaultyProxy implements AsyncDisposable {
  readonly url: string;
  readonly #target: URL;
  readonly #server: Server;
  readonly #port: number;
  readonly #lines = new Set<Line>();
  #swallows = false;
  #isStalled = false;
  #trap: Trap | undefined;

  private constructor(target: URL, server: Server) {
    this.#target = target;
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    const url = new URL(target);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    this.url = url.href;
    server.on('connection', (client) => {
      this.#join(client);
    });
  }

  static async open(databaseUrl: string): Promise<FaultyProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultyProxy(new URL(databaseUrl), server);
  }

  /** How many connections go through it now. */
  get connections(): number {
    return this.#lines.size;
  }

  /** Resets every connection. */
  cut(): void {
    for (const { client, server } of this.#lines) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** Resets every connection and refuses new ones. */
  async refuse(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    this.cut();
    await closed;
  }

  /** Accepts connections again after `refuse`. */
  async accept(): Promise<void> {
    await once(this.#server.listen(this.#port, '127.0.0.1'), 'listening');
  }

  /** From now on nothing comes through in either direction, and nobody is told: a black hole. */
  swallow(): void {
    this.#swallows = true;
  }

  /** Ends `swallow` for new connections; those that lost something are reset. */
  pass(): void {
    this.#swallows = false;
    this.cut();
  }

  /** From now on nothing comes through in either direction, until `flow`: then all of it does. */
  stall(): void {
    this.#isStalled = true;
    for (const { client, server } of this.#lines) {
      client.pause();
      server.pause();
    }
  }

  /** Ends `stall` and `holdNext`. */
  flow(): void {
    this.#isStalled = false;
    for (const { client, server } of this.#lines) {
      client.resume();
      server.resume();
    }
  }

  /** Holds what the server answers to the next that sends what matches, until `flow`; resolves when it is sent. */
  async holdNext(at: RegExp): Promise<void> {
    await this.#set(at, 'time');
  }

  /** Cuts the next connection that sends what matches; resolves when it has happened. */
  async loseNext(at: RegExp, loss: Loss): Promise<void> {
    await this.#set(at, loss);
  }

  async #set(at: RegExp, loss: Trap['loss']): Promise<void> {
    const sprung = Promise.withResolvers<void>();
    this.#trap = { at, loss, sprung };
    await sprung.promise;
  }

  /** Cuts every connection that sends what matches. */
  loseEvery(at: RegExp, loss: Loss): void {
    this.#trap = { at, loss, sprung: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    if (this.#server.listening) await once(this.#server.close(), 'close');
  }

  #join(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname);
    const line = { client, server };
    this.#lines.add(line);
    if (this.#isStalled) {
      client.pause();
      server.pause();
    }
    let losesAnswer = false;
    const lose = () => {
      client.resetAndDestroy();
      server.destroy();
    };
    client.on('data', (chunk) => {
      if (this.#swallows) return;
      const loss = this.#spring(chunk);
      if (loss !== 'request') server.write(chunk);
      if (loss === 'request') lose();
      if (loss === 'connection') setImmediate(lose);
      losesAnswer ||= loss === 'answer';
      if (loss === 'time') server.pause();
    });
    server.on('data', (chunk) => {
      if (this.#swallows) return;
      if (losesAnswer) lose();
      else client.write(chunk);
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay();
      socket
        .on('error', () => undefined)
        .on('close', () => {
          other.destroy();
          this.#lines.delete(line);
        });
    }
  }

  #spring(chunk: Buffer): Trap['loss'] | undefined {
    if (this.#trap?.at.test(chunk.toString('latin1')) !== true) return undefined;
    const { loss, sprung } = this.#trap;
    if (sprung !== undefined) {
      sprung.resolve();
      this.#trap = undefined;
    }
    return loss;
  }
}
