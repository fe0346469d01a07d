import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

/** On its way to a database: loses the connection that commits. `url` is the way through it. */
export interface DroppingProxy extends AsyncDisposable {
  readonly url: string;
}

/**
 * A way to a database on which every connection is lost that sends `commit`.
 *
 * @param loses `answer`: the server gets the commit, and its client no answer; `commit`: the server never gets it
 */
export async function dropAtCommit(databaseUrl: string, loses: 'answer' | 'commit'): Promise<DroppingProxy> {
  const target = new URL(databaseUrl);
  const server = createServer((client) => {
    const database = connect(Number(target.port), target.hostname);
    let committing = false;
    client.on('data', (chunk) => {
      committing ||= /Q[^]{4}commit\0/.test(chunk.toString('latin1'));
      if (!committing || loses === 'answer') database.write(chunk);
      if (committing && loses === 'commit') client.destroy();
    });
    database.on('data', (chunk) => {
      if (committing) client.destroy();
      else client.write(chunk);
    });
    for (const [socket, other] of [
      [client, database],
      [database, client],
    ] as const) {
      socket.on('error', () => undefined).on('close', () => other.destroy());
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await once(server.close(), 'close');
    },
  };
}
