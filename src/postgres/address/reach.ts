import type { Client, ClientConfig } from 'pg';
import { ConnectError, isConnectionFailure, sqlFailure } from '../sql-error.ts';
import { encryptionsFor, type Encryption } from './encryption.ts';
import { hostsOf, isSocket, SOCKET_FOLDERS, type Host } from './hosts.ts';
import type { ConnectionParameters } from './parameters.ts';
import { passwordFromFile } from './password-file.ts';
import { CANNOT_CONNECT_NOW, requireSession, type SessionTarget } from './session-target.ts';

/** What a server has to prove before anything is said to it. */
export interface Proof {
  /** That it knows the password (`require_auth=scram-sha-256`): another program may listen in its place. */
  readonly ofPassword: boolean;
  /** That the encrypted connection is its own end to end (`channel_binding=require`). */
  readonly ofChannel: boolean;
}

/** One host, reached in one way. */
export interface Attempt {
  readonly config: ClientConfig;
  readonly proof: Proof;
}

/** What the system, or `pg`, says of a peer that ends the connection: at its first words, since it does not know them. */
const HUNG_UP: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);
const HUNG_UP_IN_WORDS = 'terminated unexpectedly';

/** Hosts that answered that they do not encrypt: where that is only preferred, they are not asked again. */
const unencrypted = new Set<string>();

/**
 * Tries the hosts of an address in turn, each in the ways that `sslmode` allows, until one has a session such as
 * `target_session_attrs` asks for. As in libpq, a host that answers and refuses the login ends it.
 *
 * @throws ConnectError with what each host said
 */
export async function reach(
  parameters: ConnectionParameters,
  connect: (attempt: Attempt) => Promise<Client>,
): Promise<Client> {
  const wanted = (parameters.target_session_attrs ?? 'any') as SessionTarget;
  const hosts = hostsOf(parameters);
  const failures: HostFailure[] = [];
  for (const target of wanted === 'prefer-standby' ? (['standby', 'any'] as const) : [wanted]) {
    failures.length = 0;
    for (const host of hosts) {
      try {
        return await reachHost(host, parameters, target, connect);
      } catch (error) {
        failures.push({ host, error });
        if (!mayAnotherDo(error)) throw together(failures);
      }
    }
  }
  throw together(failures);
}

async function reachHost(
  host: Host,
  parameters: ConnectionParameters,
  target: SessionTarget,
  connect: (attempt: Attempt) => Promise<Client>,
): Promise<Client> {
  const ways = encryptionsFor(parameters, host);
  const key = `${host.target}:${host.port}`;
  let first: unknown;
  for (const [index, encryption] of ways.entries()) {
    const isLast = index === ways.length - 1;
    if (!isLast && encryption !== false && unencrypted.has(key)) continue;
    try {
      const client = await connect(attemptOf(host, parameters, encryption));
      try {
        await requireSession(client, target);
        return client;
      } catch (error) {
        await client.end();
        throw new ConnectError(error);
      }
    } catch (error) {
      if (encryption !== false && saysNoTls(error)) unencrypted.add(key);
      else first ??= error;
      if (isLast || !mayAnotherWayDo(error)) throw first ?? error;
    }
  }
  throw new Error('a host with no way to it');
}

function attemptOf(host: Host, parameters: ConnectionParameters, encryption: Encryption): Attempt {
  const { user = '', dbname = '', password, passfile, options, sslnegotiation, channel_binding } = parameters;
  const login = {
    host: SOCKET_FOLDERS.includes(host.name) ? 'localhost' : host.name, // as libpq looks for its password
    port: String(host.port),
    database: dbname,
    user,
  };
  return {
    config: {
      host: host.target,
      port: host.port,
      user,
      database: dbname,
      password: password ?? (() => passwordOf(login, passfile)),
      ssl: encryption,
      ...(options !== undefined && { options }),
      ...(sslnegotiation === 'direct' && encryption !== false && { sslnegotiation }),
      enableChannelBinding: channel_binding === 'require',
    },
    proof: {
      // A socket of the machine's own has no channel that could be bound.
      ofPassword: parameters.require_auth !== undefined,
      ofChannel: channel_binding === 'require' && !isSocket(host),
    },
  };
}

async function passwordOf(login: Parameters<typeof passwordFromFile>[0], passfile?: string): Promise<string> {
  const password = await passwordFromFile(login, passfile);
  if (password !== undefined) return password;
  throw new Error(
    'no password: the server asks for one, and neither the address nor PGPASSWORD nor the password file has it',
  );
}

/** What a host had against it. */
interface HostFailure {
  readonly host: Host;
  readonly error: unknown;
}

/** Several hosts failed, each in its own way. Its code is that of the first. */
class HostsError extends Error {
  readonly code: string;

  constructor(failures: readonly HostFailure[]) {
    const words = failures.map(
      ({ host, error }) => `${host.target}:${host.port}: ${(error as Error).message}`,
    );
    super(words.join('; '), { cause: failures[0]?.error });
    this.code = sqlFailure(failures[0]?.error)?.code ?? 'ETIMEDOUT';
  }
}

function together(failures: readonly HostFailure[]): unknown {
  return failures.length === 1 ? failures[0]?.error : new ConnectError(new HostsError(failures));
}

/** Whether the host did not answer, is not to be connected to now, or has no session of the wanted kind. */
function mayAnotherDo(error: unknown): boolean {
  const failure = sqlFailure(error);
  return failure?.isOfServer === true ? failure.code === CANNOT_CONNECT_NOW : isConnectionFailure(error);
}

function saysNoTls(error: unknown): boolean {
  return error instanceof Error && error.message.includes('does not support SSL');
}

/** Whether the server is there, and may take in the clear what it did not take encrypted, or the other way round. */
function mayAnotherWayDo(error: unknown): boolean {
  const failure = sqlFailure(error);
  if (failure?.isOfServer === true) return failure.code.startsWith('28');
  if (!isConnectionFailure(error)) return true;
  return failure === undefined
    ? (error as Error).message.includes(HUNG_UP_IN_WORDS)
    : HUNG_UP.has(failure.code);
}
