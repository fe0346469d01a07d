import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import { PulpError } from '../errors.ts';
import { createApp, type AppOptions } from './app.ts';
import { allOperations } from './operations.ts';
import { COMPONENT } from './pulp/component.ts';
import { readTlsFiles, TlsRenewal, type TlsFiles } from './tls.ts';

/** How long clients may take, in milliseconds. */
export interface TimeLimits {
  /** To send the headers of a request. Default 10 s. */
  readonly headersMs?: number;
  /** To send all of a request. Default 30 s. */
  readonly requestMs?: number;
  /** What is under way, once the server is to end. Default 10 s. */
  readonly shutdownMs?: number;
}

/** How long a connection that is not used is kept, in milliseconds. */
const KEEP_ALIVE_MS = 30_000;

/** How often to look for clients that take too long, in milliseconds. */
const CHECK_MS = 1000;

/** How many connections there are at most: those beyond are closed at once. */
const MOST_CONNECTIONS = 2000;

/** How often to close connections that have become idle, once the server is to end, in milliseconds. */
const CLOSE_IDLE_MS = 50;

/** What a server is made with. */
export interface ServerOptions extends Omit<AppOptions, 'isStopping' | 'operations' | 'components'> {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly limits?: TimeLimits;
  /** Default: it serves by HTTP, without TLS. */
  readonly tls?: TlsFiles;
}

/** A server that accepts requests. */
export interface RunningServer {
  readonly url: string;
  /** Takes no more requests, lets those under way finish, as long as the limit allows, and ends. */
  readonly stop: () => Promise<void>;
  /** Has it read its certificate again; undefined if it has none. */
  readonly renewCertificate?: () => void;
}

/**
 * Starts a server.
 *
 * @throws PulpError ADDRESS_UNUSABLE if it cannot listen there, TLS_UNUSABLE if its certificate is of no use
 */
export async function startServer({
  host,
  port,
  limits: { headersMs = 10_000, requestMs = 30_000, shutdownMs = 10_000 } = {},
  tls,
  ...options
}: ServerOptions): Promise<RunningServer> {
  const stopping = new AbortController();
  const app = createApp({
    ...options,
    operations: allOperations(options.log, stopping.signal),
    components: COMPONENT,
    isStopping: () => stopping.signal.aborted,
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    ...(tls && { createServer: createHttpsServer }),
    serverOptions: {
      ...(tls && { ...readTlsFiles(tls), minVersion: 'TLSv1.2', handshakeTimeout: headersMs }),
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
  }) as Server;
  server.maxConnections = MOST_CONNECTIONS;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new PulpError('ADDRESS_UNUSABLE', `cannot listen at ${host}:${port}: ${(error as Error).message}`, {
      remedy: 'Give another --port or --host, or end what uses this one.',
      cause: error,
    });
  }
  const renewal = tls && new TlsRenewal(server as unknown as HttpsServer, tls, options.log);
  return {
    url: addressOf(server, tls === undefined ? 'http' : 'https'),
    stop: async () => {
      renewal?.[Symbol.dispose]();
      await stop(server, stopping, { sockets, shutdownMs, log: options.log });
    },
    ...(renewal && {
      renewCertificate: () => {
        renewal.renew();
      },
    }),
  };
}

async function stop(
  server: Server,
  stopping: AbortController,
  {
    sockets,
    shutdownMs,
    log,
  }: { readonly sockets: ReadonlySet<Socket>; readonly shutdownMs: number; readonly log: Logger },
): Promise<void> {
  stopping.abort();
  const closed = new Promise((resolve) => server.close(resolve));
  // A connection that was in use when it was told to close is kept by Node as long as its client goes on asking.
  const closeIdle = setInterval(() => {
    server.closeIdleConnections();
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy(); // to Node, these are not idle
  }, CLOSE_IDLE_MS);
  const deadline = setTimeout(() => {
    log.warn('requests under way were broken off: they took too long');
    server.closeAllConnections();
  }, shutdownMs);
  await closed;
  clearInterval(closeIdle);
  clearTimeout(deadline);
}

function addressOf(server: Server, scheme: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens at no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${address.port}`;
}
