import { LogRewoundError, PulpError } from '../errors.ts';
import { LOG_REWOUND, REFUSALS } from './refusals.ts';

/** What a server that lacks something means, and what to do about it; of other codes the message says enough. */
const SERVER_PROBLEMS: Readonly<Record<string, { code: string; what: string; remedy: string }>> = {
  '25P03': {
    code: 'DATABASE_UNREACHABLE',
    what: 'the database ended a transaction that waited for its client',
    remedy:
      'Run it again. The limit is idle_in_transaction_session_timeout on the server, or one of a pooler.',
  },
  '25P04': {
    code: 'DATABASE_UNREACHABLE',
    what: 'the database ended a transaction that took long',
    remedy: 'Run it again. The limit is transaction_timeout on the server.',
  },
  25006: {
    code: 'DATABASE_READ_ONLY',
    what: 'the database can only be read',
    remedy: 'DATABASE_URL may lead to a standby: give the address of the primary.',
  },
  40001: {
    code: 'DATABASE_BUSY',
    what: 'other transactions were in the way, again and again',
    remedy: 'Run it again; nothing was written.',
  },
  '40P01': {
    code: 'DATABASE_BUSY',
    what: 'other transactions were in the way, again and again',
    remedy: 'Run it again; nothing was written.',
  },
  53000: {
    code: 'DATABASE_EXHAUSTED',
    what: 'the database lacks resources',
    remedy: 'Look into the log of the server; run it again later.',
  },
  53100: {
    code: 'DATABASE_FULL',
    what: 'the disk of the database is full; nothing was written',
    remedy: 'Free space on the server; then run it again.',
  },
  53200: {
    code: 'DATABASE_EXHAUSTED',
    what: 'the database is out of memory; nothing was written',
    remedy:
      'Run it again later; if it comes back, raise max_locks_per_transaction or the memory of the server.',
  },
  53400: {
    code: 'DATABASE_EXHAUSTED',
    what: 'a limit of the database is reached; nothing was written',
    remedy: 'Raise the limit on the server, or ask for less at once.',
  },
  '55P03': {
    code: 'DATABASE_BUSY',
    what: 'something else holds what this needs; nothing was written',
    remedy: 'Run it again later.',
  },
  57014: {
    code: 'STATEMENT_CANCELED',
    what: 'the database ended the statement; nothing was written',
    remedy: 'Run it again; if it takes too long by its nature, raise statement_timeout.',
  },
  58030: {
    code: 'DATABASE_IO_ERROR',
    what: 'the database cannot read or write its files; nothing was written',
    remedy: 'Check the disk of the server and its log.',
  },
};

/** What to do about an error of the database that was not foreseen, by the class of its SQLSTATE. */
const REMEDIES: Readonly<Record<string, string>> = {
  '0A': 'The server, or a pooler in front of it, cannot do this: Postgres 15 to 18 can.',
  21: 'The schema may not be that of this version: run `pulp db migrate`.',
  22: 'A value that it was given does not suit: see the message.',
  23: 'What is there contradicts it: `pulp db verify` tells whether all is well.',
  25: 'Something between here and the server may mix up transactions: give the address of the server itself.',
  26: 'Something between here and the server mixes up sessions: give the address of the server itself.',
  '3F': 'A schema is missing: run `pulp db migrate`.',
  42: 'The schema may not be that of this version: run `pulp db migrate`.',
  57: 'Run it again later.',
  58: 'Look into the log of the server.',
  P0: 'A function or trigger of the database refused it: see the message.',
  XX: 'The server may be damaged: look into its log.',
};

/** SQLSTATEs of what met something else at a bad moment, and may be repeated as it was: nothing was done. */
const CONTENTION: ReadonlySet<string> = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
  '57014', // query_canceled
]);

/** SQLSTATEs with which the server ends a connection or refuses it for now, or by which it is the wrong one. */
const CONNECTION_FAILURE = /^(08|57P0[1-5]|53300|25006|25P0[34])/;

/**
 * What the log's index says, in whatever language, of a task that is to begin a second time: `pulp.refuse_purged` takes
 * young ids for new.
 */
const FIRST_EVENT_AGAIN = /\(stream_id, version, stream_kind\)=\((.*), 1, task\)/;

/** Our own schemas, of which pg-boss's has this name where nobody chose another, in a message of whatever language. */
const OUR_SCHEMAS = /\bpulp(_boss)?\b/;

/** What the system says of a network without a server at its end. */
const NETWORK_FAILURES: ReadonlySet<string> = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
]);

/** What pg and slonik say, without a code, of a connection that is gone. */
const LOST_IN_WORDS =
  /connection (terminated|ended)|terminated unexpectedly|backend has been terminated|client is (pending destroy|destroyed)|timeout expired|query read timeout|not queryable/i;

/** What is said when the server, or we, refuse to connect as DATABASE_URL says. */
const REFUSED_CONNECTION = /^(28P01|28000|3D000|.*CERT.*|UNABLE_TO_.*)$/;

/** Connecting failed: the server was not asked for anything. The reason is its cause. */
export class ConnectError extends Error {
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? messageOf(cause) : String(cause);
    super(reason === 'timeout expired' ? 'it does not answer' : reason, { cause });
  }
}

/** The parts of an error of Postgres, or of the network on the way to it, that decisions are made by. */
export interface SqlFailure {
  /** SQLSTATE, or the operating system's code. */
  readonly code: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  /** The table that it is about, as far as the server tells. */
  readonly table: string | undefined;
  /** Whether the server said it, and not the network or `pg`. */
  readonly isOfServer: boolean;
}

/** Finds the failure of Postgres in an error or in what caused it. */
export function sqlFailure(error: unknown): SqlFailure | undefined {
  for (const cause of causesOf(error)) {
    if (cause instanceof PulpError || !('code' in cause) || typeof cause.code !== 'string') continue;
    const text = (key: string) => {
      const value: unknown = Reflect.get(cause, key);
      return typeof value === 'string' ? value : undefined;
    };
    return {
      code: cause.code,
      message: messageOf(cause),
      detail: text('detail'),
      hint: text('hint'),
      table: text('table'),
      isOfServer: text('severity') !== undefined,
    };
  }
  return undefined;
}

/**
 * Whether the connection was lost, could not be had for now, or leads to a server that is not the primary any more: the
 * outcome is unknown, or nothing happened, and another connection may do.
 */
export function isConnectionFailure(error: unknown): boolean {
  const code = sqlFailure(error)?.code;
  if (code === undefined) return saysOneOf(error, LOST_IN_WORDS);
  return (
    CONNECTION_FAILURE.test(code) || NETWORK_FAILURES.has(code) || (code === 'ENOENT' && wasNeverAsked(error)) // no socket
  );
}

/**
 * Whether the server lacks something for now, such as space on its disk, memory or locks. Nothing was written, the
 * connection is sound, and trying again later may work.
 */
export function isExhaustion(error: unknown): boolean {
  return /^(53(?!300)|58030)/.test(sqlFailure(error)?.code ?? '');
}

/** Whether it met another transaction, waited for one too long, or was canceled: it may be repeated as it was. */
export function isContention(error: unknown): boolean {
  return CONTENTION.has(sqlFailure(error)?.code ?? '');
}

/** Whether the log has no leaf for now: whoever gives a sign of life or enqueues makes one. */
export function isLeafMissing(error: unknown): boolean {
  const failure = sqlFailure(error);
  return failure?.code === '23514' && /^event_(task|system|heartbeat)$/.test(failure.table ?? '');
}

/**
 * Whether trying the same again may help, on this connection or (see `isConnectionFailure`) on another. It says nothing
 * against whoever was refused: no run and no session ends for it.
 */
export function isRetryable(error: unknown): boolean {
  return isContention(error) || isExhaustion(error) || isLeafMissing(error) || isConnectionFailure(error);
}

/** Whether waiting may help, also where the error is in the words of this package, which keep what caused it. */
export function mayPass(error: unknown): boolean {
  return isRetryable(error instanceof PulpError ? error.cause : error);
}

/** Whether it failed at connecting, so that the server was not asked for anything. */
export function wasNeverAsked(error: unknown): boolean {
  return causesOf(error).some((cause) => cause instanceof ConnectError);
}

/** Whether connecting failed by something that the server did not say. */
function failedOnTheWay(error: unknown): boolean {
  return wasNeverAsked(error) && sqlFailure(error)?.isOfServer !== true;
}

/** What the server, or the way to it, said. */
export function reasonOf(error: unknown): string {
  return sqlFailure(error)?.message ?? (error instanceof Error ? messageOf(error) : String(error));
}

/** What to do where the server answered and let nobody in, by its SQLSTATE. */
const CONNECTION_REMEDIES: Readonly<Record<string, string>> = {
  '53300': 'Raise max_connections on the server, or put a pooler in front of it.',
  '28P01': 'Check the user and the password: of the address, of PGPASSWORD, or of the password file.',
  '28000': 'Check the user, and what pg_hba.conf of the server says of it.',
  '3D000': 'Check the name, or have it made: create database.',
};

/** Puts what Postgres said into the words of this package; an error that does not come from there stays as it is. */
export function toPulpError(error: unknown): unknown {
  if (error instanceof PulpError) return error;
  const failure = sqlFailure(error);
  const code = failure?.code ?? '';
  const message = reasonOf(error);
  if (code === LOG_REWOUND) {
    const { go_on_from: goOnFrom } = JSON.parse(failure?.detail ?? '{}') as { go_on_from: string };
    return new LogRewoundError(message, { goOnFrom, remedy: failure?.hint ?? '', cause: error });
  }
  const refusal = REFUSALS[code];
  if (refusal !== undefined) {
    return new PulpError(refusal.code, message, {
      remedy: failure?.hint ?? refusal.remedy,
      exitCode: refusal.exitCode,
      cause: error,
    });
  }
  const [, known] = FIRST_EVENT_AGAIN.exec(failure?.detail ?? '') ?? [];
  if (code === '23505' && known !== undefined) {
    return new PulpError('ID_CONFLICT', `id: task ${known} was enqueued before, is over and was purged`, {
      remedy: 'Give each task an id of its own, or leave it out; nothing was enqueued.',
      exitCode: 2,
      cause: error,
    });
  }
  if (['3F000', '42P01', '42883'].includes(code) && OUR_SCHEMAS.test(message)) {
    return new PulpError(
      'NOT_MIGRATED',
      `the database has no tasking schema of this version, or not all of it (${message})`,
      {
        remedy: 'Run `pulp db migrate`.',
        cause: error,
      },
    );
  }
  const problem = SERVER_PROBLEMS[code];
  if (problem !== undefined) {
    return new PulpError(problem.code, `${problem.what} (${message})`, {
      remedy: problem.remedy,
      cause: error,
    });
  }
  if (isConnectionFailure(error) || REFUSED_CONNECTION.test(code) || failedOnTheWay(error)) {
    return new PulpError('DATABASE_UNREACHABLE', `cannot use the database: ${message}`, {
      remedy:
        CONNECTION_REMEDIES[code] ??
        'Check that the server is up, and how the database is named (DATABASE_URL, or PGHOST and its like).',
      cause: error,
    });
  }
  if (code === '42501') {
    return new PulpError('NOT_ALLOWED', message, {
      remedy:
        'Connect as a login that has the role for it: pulp_observer to read, pulp_submitter to enqueue and cancel, pulp_worker to run tasks, pulp_operator for what operators do. `pulp db status` shows which login this is.',
      cause: error,
    });
  }
  if (failure?.isOfServer !== true) return error;
  return new PulpError('DATABASE_ERROR', `the database refused this: ${message} (SQLSTATE ${code})`, {
    remedy: REMEDIES[code.slice(0, 2)] ?? 'Look into the log of the server.',
    cause: error,
  });
}

/** An error and what caused it, from the outside in. */
function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) causes.push(cause);
  return causes;
}

function saysOneOf(error: unknown, words: RegExp): boolean {
  return causesOf(error).some((cause) => words.test(cause.message));
}

/** What OpenSSL says: after the place in its code that found it, in words, and before the file and line of that. */
const OPENSSL = /error:[0-9A-F]{8}:[^:]*:[^:]*:([^:]+):/;

/** What an error says, in a line. Of a host with several addresses the system says nothing itself, but has an error of each. */
export function messageOf(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const message = error.message === '' && first instanceof Error ? first.message : error.message;
  const [, reason] = OPENSSL.exec(message) ?? [];
  return reason === undefined ? message : `TLS failed: ${reason}`;
}
