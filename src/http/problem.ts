import { z } from 'zod';
import { STATUS_CODES } from 'node:http';
import { LogRewoundError, PulpError } from '../errors.ts';
import { toPulpError } from '../postgres/sql-error.ts';
import { HttpError } from './http-error.ts';

/** What clients send and read problems as. */
export const PROBLEM_TYPE = 'application/problem+json';

/** How an error is told to clients (RFC 9457), with our own code, and what to do about it. */
export const problem = z
  .object({
    title: z.string().describe('The status in words.'),
    status: z.int(),
    detail: z.string().describe('What was wrong.'),
    code: z.string().describe('The same for the same kind of problem, for programs.'),
    remedy: z.string().describe('What to do about it.'),
    go_on_from: z.string().optional().describe('Of LOG_REWOUND: the cursor from which to go on.'),
  })
  .meta({ id: 'Problem' });

/** Statuses of errors that do not follow from how a command that met them would exit. */
const STATUSES: Readonly<Record<string, number>> = {
  ID_CONFLICT: 409,
  NOT_RETRIABLE: 409,
  NOT_WAITING: 409,
  GROUP_EXISTS: 409,
  GROUP_DISPATCHED: 409,
  SCHEDULE_EXISTS: 409,
  SUBSCRIPTION_EXISTS: 409,
  SCHEDULE_STATE: 409,
  SUBSCRIPTION_STATE: 409,
  LOG_ARCHIVED: 410,
  WORKER_NOT_ONLINE: 409,
  FENCED: 409,
  LOG_REWOUND: 410,
  HISTORY_GONE: 410,
  NOT_ALLOWED: 403,
  WAIT_TIMEOUT: 504,
  STATEMENT_CANCELED: 503,
  DATABASE_UNREACHABLE: 503,
  DATABASE_BUSY: 503,
  DATABASE_EXHAUSTED: 503,
  DATABASE_FULL: 503,
  DATABASE_READ_ONLY: 503,
  DATABASE_IO_ERROR: 503,
  NOT_MIGRATED: 503,
};

const BY_EXIT_CODE = { 1: 500, 2: 400, 3: 404 } as const;

/** After how many seconds it may be worth trying again what the database could not do. */
const RETRY_AFTER = '2';

/** An error as a client is told of it; `isOurs`: nobody can help but who runs the server, whose log has to tell of it. */
export interface ToldError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: z.infer<typeof problem>;
  readonly isOurs: boolean;
}

/** Puts an error into what a client may know of it: of what was not foreseen, and of what Postgres says, nothing but that. */
export function tellError(thrown: unknown): ToldError {
  const error = toPulpError(thrown);
  const status = statusOf(error);
  const known = error instanceof PulpError && status !== 500 ? error : UNFORESEEN;
  return {
    status,
    headers: {
      ...(status === 503 && { 'Retry-After': RETRY_AFTER }),
      ...(error instanceof HttpError && error.headers),
    },
    body: {
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail: status === 503 ? known.message.replace(/ \(.*\)$/s, '') : known.message,
      code: known.code,
      remedy: known.remedy,
      ...(error instanceof LogRewoundError && { go_on_from: error.goOnFrom }),
    },
    isOurs: status >= 500,
  };
}

const UNFORESEEN = new PulpError('UNEXPECTED', 'something went wrong that was not foreseen', {
  remedy: 'Its operator finds more in its log.',
});

function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status;
  if (!(error instanceof PulpError)) return 500;
  return STATUSES[error.code] ?? BY_EXIT_CODE[error.exitCode];
}
