import { PulpError, type ExitCode } from '../errors.ts';

/** What the engine's own SQLSTATEs mean, by which its functions refuse. */
const REFUSALS: Readonly<Record<string, { code: string; exitCode: ExitCode }>> = {
  PU001: { code: 'FENCED', exitCode: 1 },
  PU002: { code: 'MISSING_RESOURCE', exitCode: 3 },
  PU003: { code: 'ID_CONFLICT', exitCode: 2 },
  PU004: { code: 'INVALID_INPUT', exitCode: 2 },
  PU005: { code: 'UNKNOWN_TASK_TYPE', exitCode: 2 },
  PU006: { code: 'WORKER_NAME_TAKEN', exitCode: 1 },
  PU007: { code: 'APPEND_ONLY', exitCode: 1 },
  PU008: { code: 'LOG_UNREADABLE', exitCode: 1 },
};

/** The parts of an error of Postgres, or of the network on the way to it, that decisions are made by. */
export interface SqlFailure {
  /** SQLSTATE, or the operating system's code. */
  readonly code: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

/** Finds the failure of Postgres in an error or in what caused it. */
export function sqlFailure(error: unknown): SqlFailure | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') {
      const text = (key: string) => {
        const value: unknown = Reflect.get(cause, key);
        return typeof value === 'string' ? value : undefined;
      };
      return { code: cause.code, message: cause.message, detail: text('detail'), hint: text('hint') };
    }
  }
  return undefined;
}

/** Whether the connection was lost, or could not be had for now, so that the outcome is unknown or nothing happened. */
export function isConnectionFailure(error: unknown): boolean {
  const code = sqlFailure(error)?.code;
  if (code !== undefined) {
    return (
      /^(08|57P0[1-5])/.test(code) ||
      [
        '53300',
        'ECONNREFUSED',
        'ECONNRESET',
        'EPIPE',
        'ETIMEDOUT',
        'ENOTFOUND',
        'EAI_AGAIN',
        'EHOSTUNREACH',
        'ENETUNREACH',
      ].includes(code)
    );
  }
  return (
    error instanceof Error &&
    /connection (terminated|ended|timeout)|terminated unexpectedly/i.test(error.message)
  );
}

/** Whether the transaction met another one and may be repeated as it was. */
export function isContention(error: unknown): boolean {
  return ['40001', '40P01'].includes(sqlFailure(error)?.code ?? '');
}

/** Puts what Postgres said into the words of this package; an error that it has no words for stays as it is. */
export function toPulpError(error: unknown): unknown {
  const failure = sqlFailure(error);
  if (failure === undefined || error instanceof PulpError) return error;
  const refusal = REFUSALS[failure.code];
  if (refusal !== undefined) {
    return new PulpError(refusal.code, failure.message, {
      remedy: failure.hint ?? '',
      exitCode: refusal.exitCode,
      cause: error,
    });
  }
  if (['3F000', '42P01', '42883'].includes(failure.code) && /pulp\b/.test(failure.message)) {
    return new PulpError(
      'NOT_MIGRATED',
      `the database has no tasking schema of this version (${failure.message})`,
      {
        remedy: 'Run `pulp db migrate`.',
        cause: error,
      },
    );
  }
  if (['28P01', '28000', '3D000'].includes(failure.code) || isConnectionFailure(error)) {
    return new PulpError('DATABASE_UNREACHABLE', `cannot use the database: ${failure.message}`, {
      remedy: 'Check DATABASE_URL and that the server is up.',
      cause: error,
    });
  }
  if (failure.code === '42501') {
    return new PulpError('NOT_ALLOWED', failure.message, {
      remedy: 'Connect as a role that was granted pulp_submitter, pulp_worker or pulp_observer.',
      cause: error,
    });
  }
  return error;
}
