import type { Client, ClientConfig } from 'pg';
import { deferredModule } from '../deferred-module.ts';
import { reach, type Attempt, type Proof } from './address/reach.ts';
import { resolveParameters } from './address/resolve.ts';
import { settleSession, type Settings } from './session-settings.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { ConnectError, sqlFailure, toPulpError } from './sql-error.ts';

const pg = deferredModule('pg') as () => typeof import('pg');

/** How long connecting may take, from the look-up of the name to the server's first word, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How long a statement may go unanswered before the connection counts as lost, in milliseconds. */
const ANSWER_TIMEOUT_MS = 60_000;

/** How long a connection may be silent before the system asks whether the other side lives: ten times, one a second. */
const KEEPALIVE_DELAY_MS = 10_000;

/** How long to wait for the server to close a connection that we end, in milliseconds. */
const GOODBYE_MS = 1_000;

/** How long a statement of a session of ours waits for a stranger's lock, in milliseconds. */
const LOCK_TIMEOUT_MS = 5_000;

/** How long a client may be kept waiting. */
export interface ClientLimits {
  /** Milliseconds for connecting; default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds from a statement to its answer; default 60 s. */
  readonly answerTimeoutMs?: number;
  /** Aborted: the client is not wanted any more. Connecting ends, and a connection is cut, with what it was asked. */
  readonly signal?: AbortSignal;
}

export interface DedicatedClientOptions extends ClientLimits {
  /**
   * Milliseconds that a statement waits for a lock that another session holds, before it fails with 55P03 (see
   * `isRetryable`); 0: as long as it takes. Default 5 s.
   */
  readonly lockTimeoutMs?: number;
  /** Settings of the server for this session. */
  readonly settings?: Settings;
}

/** What a client is to be beside what its address says. */
export interface ClientOptions extends ClientLimits, Pick<ClientConfig, 'types'> {
  /** Its name in the server's lists, unless the address has one. */
  readonly applicationName?: string;
}

/**
 * Connects a client: every connection of this package begins here. The address may leave things open, see `resolveAddress`; its
 * hosts are tried in turn. The client never waits without end, whatever the network does: connecting (to each host), each statement
 * and `end()` are limited in time. A statement without an answer takes the connection with it, since what comes over it
 * later would be taken for the answer to something else; it and all that follow reject with code `ETIMEDOUT`. Statements are sent
 * one after the other. On a
 * connection that is gone, statements reject with what it went by, as far as that is known. A lost connection ends no
 * process: who wants to know of it listens to `error` and `end`. It is for promises, not callbacks.
 *
 * @throws ConnectError
 */
export async function openClient(
  address: string,
  {
    applicationName = 'pulp',
    connectTimeoutMs,
    answerTimeoutMs = ANSWER_TIMEOUT_MS,
    signal,
    types,
  }: ClientOptions = {},
): Promise<Client> {
  const parameters = resolveParameters(address);
  const { connect_timeout: seconds, application_name, fallback_application_name } = parameters;
  const ofAddress = seconds === undefined ? undefined : Number(seconds) * 1000;
  const common: ClientConfig = {
    application_name: (application_name ?? fallback_application_name ?? applicationName).slice(0, 63),
    connectionTimeoutMillis: Math.min(ofAddress ?? CONNECT_TIMEOUT_MS, connectTimeoutMs ?? Infinity),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_DELAY_MS,
    ...(types !== undefined && { types }),
  };
  return reach(parameters, (attempt) =>
    connectOnce({ ...common, ...attempt.config }, attempt, answerTimeoutMs, signal),
  );
}

/** Connects to one host in one way. @throws ConnectError */
async function connectOnce(
  config: ClientConfig,
  { proof }: Attempt,
  answerTimeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Client> {
  const client = limitedClient(new (pg().Client)(config), answerTimeoutMs);
  const refusal = requireProof(client, proof);
  try {
    signal?.throwIfAborted();
    // A client of `pg` that is ended while it connects never says that it does not.
    await unlessAborted(client.connect(), signal);
    signal?.throwIfAborted();
    if (refusal.error !== undefined) throw refusal.error;
    cutWhenAborted(client, signal);
    return client;
  } catch (error) {
    if (signal?.aborted === true) client.connection.stream.destroy(); // no goodbye: nobody may be there to hear it
    await client.end();
    throw new ConnectError(refusal.error ?? error);
  }
}

/** Ends a connection with all that it was asked, without a word to the server. */
function cutWhenAborted(client: Client, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const cut = () => {
    client.connection.stream.destroy(signal.reason as Error);
  };
  signal.addEventListener('abort', cut);
  client.once('end', () => {
    signal.removeEventListener('abort', cut);
  });
}

/** Has a client give up what takes too long, see `openClient`. */
function limitedClient(client: Client, answerTimeoutMs: number): Client {
  let goneBy: Error | undefined;
  client.on('error', (error: Error) => {
    goneBy ??= error;
  });
  const query: (...args: never[]) => Promise<unknown> = client.query.bind(client);
  const end: () => Promise<void> = client.end.bind(client);
  let previous: Promise<unknown> = Promise.resolve(); // `pg` is to be asked one thing at a time
  return Object.assign(client, {
    query: (...args: never[]) => {
      const ask = () =>
        limited(query(...args), answerTimeoutMs, () => {
          client.connection.stream.destroy(new AnswerTimeoutError(answerTimeoutMs));
        });
      const asked = previous.then(ask).catch((error: unknown) => {
        // What `pg` itself says of a connection that is gone has no code, and the server's last word has.
        throw goneBy !== undefined && sqlFailure(error) === undefined ? goneBy : error;
      });
      previous = asked.catch(() => undefined);
      return asked;
    },
    end: () =>
      limited(end(), GOODBYE_MS, () => {
        client.connection.stream.destroy();
      }),
  });
}

/**
 * Connects a client of its own for work that needs one session as long as it lives: see `openClient` and
 * `settleSession`. The server neither ends the session for being idle nor limits its statements, but for their waiting for
 * locks; the client does that. Not for a transaction pooler: see `refuseTransactionPooling`.
 *
 * @throws PulpError DATABASE_UNREACHABLE if it cannot be had now
 */
export async function connectDedicated(
  databaseUrl: string,
  applicationName: string,
  { settings, lockTimeoutMs = LOCK_TIMEOUT_MS, ...limits }: DedicatedClientOptions = {},
): Promise<Client> {
  let client: Client | undefined;
  try {
    client = await openClient(databaseUrl, { applicationName, ...limits });
    await settleSession(client, { lock_timeout: String(lockTimeoutMs), ...settings });
    return client;
  } catch (error) {
    await client?.end();
    throw toPulpError(error);
  }
}

/**
 * Settles the session (see `settleSession`), unless it is a pooler's: what a pooler's connection is told stays with it when
 * it serves other clients. Says whether it is direct.
 */
export async function settleDirectSession(client: Client, more: Settings = {}): Promise<boolean> {
  const direct = await isDirect(client);
  if (direct) await settleSession(client, more);
  return direct;
}

/**
 * Whether the client is connected to the server itself, or by something that only passes bytes on, and not to a pooler:
 * a pooler gives its clients ids of its own, since it has more of them than backends.
 */
export async function isDirect(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid === Reflect.get(client, 'processID');
}

/** What a server asks for that wants a password given away, and what it says when it wants none. */
const WITHOUT_SCRAM = {
  authenticationCleartextPassword: 'wants the password in the clear',
  authenticationMD5Password: 'wants a weak digest of the password',
  authenticationOk: 'does not prove that it knows the password',
} as const;

/** Ends the connection to a server that does not prove what it has to. Gives why it was refused. */
function requireProof(
  client: Client,
  { ofPassword, ofChannel }: Proof,
): { readonly error: Error | undefined } {
  const refusal: { error: Error | undefined } = { error: undefined };
  if (!ofPassword && !ofChannel) return refusal;
  let isProven = false;
  const { connection } = client;
  const refuse = (problem: string) => {
    refusal.error = new Error(problem);
    connection.stream.destroy(refusal.error); // what the client would say to it is not sent any more
  };
  connection.on('authenticationSASLFinal', () => {
    isProven = true; // or the client throws
  });
  connection.on('authenticationSASL', ({ mechanisms }: { mechanisms: readonly string[] }) => {
    if (ofChannel && !mechanisms.includes('SCRAM-SHA-256-PLUS'))
      refuse('the server does not bind its proof to the channel, and channel_binding=require asks for that');
  });
  for (const [said, meaning] of Object.entries(WITHOUT_SCRAM)) {
    connection.on(said, () => {
      if (said === 'authenticationOk' && isProven) return;
      refuse(`what listens there ${meaning}: it is not the server that was asked for`);
    });
  }
  return refusal;
}

/** A statement got no answer. */
class AnswerTimeoutError extends Error {
  /** What the system says of a peer that fell silent. */
  readonly code = 'ETIMEDOUT';

  constructor(limitMs: number) {
    super(`no answer within ${Math.round(limitMs / 100) / 10} s`);
  }
}

/** Waits for a step, and calls `onOverdue` once if it takes longer; that is to end the step. */
async function limited<T>(step: Promise<T>, limitMs: number, onOverdue: () => void): Promise<T> {
  const timer = setTimeout(onOverdue, limitMs);
  try {
    return await step;
  } finally {
    clearTimeout(timer);
  }
}
