import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a database that can be made to swallow everything, as a network does that lost a route. */
export interface BlackHole extends AsyncDisposable {
  /** The way through it. */
  readonly url: string;
  /** From now on nothing gets through, and nobody is told: what is sent stays on its way, new connections get no answer. */
  swallow(): void;
  /** Lets everything through again, first of all what was on its way. */
  release(): void;
}

/** Puts a black hole before a database; it lets everything through at first. */
export async function blackHole(databaseUrl: string): Promise<BlackHole> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let swallows = false;
  const server = createServer((client) => {
    const database = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(socket);
      socket
        .on('data', (chunk) => other.write(chunk))
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
      if (swallows) socket.pause();
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    swallow: () => {
      swallows = true;
      for (const socket of sockets) socket.pause();
    },
    release: () => {
      swallows = false;
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}
