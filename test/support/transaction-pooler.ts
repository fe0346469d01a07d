import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Client } from 'pg';

/** First messages, which have no type, that ask whether what follows may be encrypted. */
const ENCRYPTION_REQUESTS: readonly number[] = [80877103, 80877104];

const READY_AND_IDLE = message('Z', Buffer.from('I'));

/** AuthenticationOk, a parameter, a key that is no backend's, ReadyForQuery: what a client waits for. */
const WELCOME = Buffer.concat([
  message('R', int32(0)),
  message('S', Buffer.from('client_encoding\0UTF8\0')),
  message('K', Buffer.concat([int32(0x7fff_0000), int32(0)])),
  READY_AND_IDLE,
]);

interface Backend {
  readonly session: Client;
  /** Who has it now. */
  client: Socket | undefined;
}

/**
 * A pooler as far as the tests need one: it gives out a backend for each transaction. It lets everybody in, and takes no
 * settings at connecting, as others of its kind.
 */
export class TransactionPooler implements AsyncDisposable {
  readonly url: string;
  readonly #databaseUrl: string;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  /** The one that was used last is used next. */
  readonly #idle: Backend[] = [];
  readonly #line: ((backend: Backend) => void)[] = [];
  #places: number;

  private constructor(databaseUrl: string, server: Server, size: number) {
    this.#databaseUrl = databaseUrl;
    this.#server = server;
    this.#places = size;
    const url = new URL(databaseUrl);
    url.port = String((server.address() as AddressInfo).port);
    this.url = url.href;
    server.on('connection', (client) => {
      this.#clients.add(client);
      void this.#serve(client).catch(() => client.destroy());
    });
  }

  /** @param size how many backends it has */
  static async open(databaseUrl: string, size: number): Promise<TransactionPooler> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TransactionPooler(databaseUrl, server, size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await once(this.#server.close(), 'close');
    await Promise.all(this.#idle.map(({ session }) => session.end()));
  }

  async #serve(client: Socket): Promise<void> {
    let backend: Backend | undefined;
    try {
      let greeted = false;
      const frames = new Frames(false);
      for await (const chunk of client) {
        for (const bytes of frames.take(chunk as Buffer)) {
          if (!greeted) {
            greeted = greet(client, bytes);
            frames.typed = greeted;
          } else if (bytes.toString('latin1', 0, 1) !== 'X') {
            if (backend?.client !== client) backend = await this.#lend(client);
            backend.session.connection.stream.write(bytes);
          }
        }
      }
    } finally {
      this.#clients.delete(client);
      // In a transaction that nobody will end.
      if (backend?.client === client) {
        await backend.session.end();
        this.#places++;
      }
    }
  }

  async #lend(client: Socket): Promise<Backend> {
    const backend = this.#idle.pop() ?? (this.#places > 0 ? await this.#make() : await this.#wait());
    backend.client = client;
    return backend;
  }

  #wait(): Promise<Backend> {
    return new Promise((resolve) => this.#line.push(resolve));
  }

  /** Lets pg log in, and takes over from there. */
  async #make(): Promise<Backend> {
    this.#places--;
    const session = new Client({ connectionString: this.#databaseUrl });
    session.on('error', () => undefined);
    await session.connect();
    const backend: Backend = { session, client: undefined };
    const frames = new Frames(true);
    session.connection.stream.removeAllListeners('data').on('data', (chunk: Buffer) => {
      for (const bytes of frames.take(chunk)) {
        const { client } = backend;
        if (bytes.equals(READY_AND_IDLE)) this.#give(backend);
        client?.write(bytes);
      }
    });
    return backend;
  }

  #give(backend: Backend): void {
    backend.client = undefined;
    const next = this.#line.shift();
    if (next === undefined) this.#idle.push(backend);
    else next(backend);
  }
}

/** Answers a first message; says whether the client is in. */
function greet(client: Socket, bytes: Buffer): boolean {
  if (ENCRYPTION_REQUESTS.includes(bytes.readInt32BE(4))) {
    client.write('N');
    return false;
  }
  const [, setting] = /\0(statement_timeout|lock_timeout|options)\0/.exec(bytes.toString('latin1')) ?? [];
  if (setting === undefined) return client.write(WELCOME);
  client.end(message('E', Buffer.from(`SFATAL\0C08P01\0Munsupported startup parameter: ${setting}\0\0`)));
  return false;
}

/** Cuts a stream into the protocol's messages: a byte of type, if they have one, a length, and the rest. */
class Frames {
  typed: boolean;
  #rest = Buffer.alloc(0);

  constructor(typed: boolean) {
    this.typed = typed;
  }

  *take(chunk: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const start = this.typed ? 1 : 0;
      if (this.#rest.length < start + 4) return;
      const end = start + this.#rest.readInt32BE(start);
      if (this.#rest.length < end) return;
      const frame = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      yield frame;
    }
  }
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(4 + body.length), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
