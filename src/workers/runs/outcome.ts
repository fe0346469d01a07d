import { inspect } from 'node:util';
import { redactJson, redactText } from '../../secrets/redaction.ts';
import { writePayload } from '../../tasks/payload.ts';
import type { Snooze } from '../../tasks/run-endings.ts';

/** How a run ended. `result` and `error` are JSON already, so that a batch is written once. */
export type Outcome =
  | { readonly outcome: 'completed'; readonly result: string }
  | { readonly outcome: 'failed'; readonly error: string; readonly retry: boolean }
  | { readonly outcome: 'canceled'; readonly reason?: string }
  /** Its code put it off: it runs again after so many seconds, and this run counts as none. */
  | { readonly outcome: 'snoozed'; readonly seconds: number; readonly reason: string }
  /** Ended through no fault of its own: it runs again, and this run counts as none. */
  | {
      readonly outcome: 'interrupted';
      readonly reason: string;
      /**
       * What ended it: its worker stops; its host cannot run it; its session was lost, and another has its locks; what an earlier
       * task left behind ended its process.
       */
      readonly by: 'shutdown' | 'host' | 'session' | 'leftover';
    };

/** An error as tasks record it. */
export interface TaskError {
  /** Stable, for programs. */
  readonly code: string;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: TaskError;
  /** What to do about it. */
  readonly remedy?: string;
  /** The last that the process of the task wrote to stderr, if it died. */
  readonly output?: string;
}

/** How much of a message or stack is kept, in characters. */
const MAX_TEXT = 16_384;
/** How many causes of causes are kept. */
const MAX_CAUSES = 8;

/** The run returned this. What is no JSON fails it. */
export function completed(result: unknown): Outcome {
  if (result === undefined || result === null) return { outcome: 'completed', result: 'null' };
  try {
    return { outcome: 'completed', result: redactJson(writePayload(result, 'result')) };
  } catch (error) {
    return failed(error, { retry: false });
  }
}

/** The run threw this. `retry` false: trying again is of no use. Never throws itself. */
export function failed(
  thrown: unknown,
  { code, retry = true }: { code?: string; retry?: boolean } = {},
): Outcome {
  return { outcome: 'failed', error: JSON.stringify(describeError(thrown, code)), retry };
}

/** The run was put off by its own code. */
export function snoozed({ seconds, message }: Snooze): Outcome {
  return { outcome: 'snoozed', seconds, reason: textOf(message) };
}

/** The run failed, not by an error of its code. */
export function failedBecause(
  code: string,
  message: string,
  { remedy, output = '' }: { remedy?: string; output?: string } = {},
): Outcome {
  const error: TaskError = {
    code,
    name: 'Error',
    message,
    ...(remedy !== undefined && { remedy }),
    ...(output !== '' && { output: storable(output) }),
  };
  return { outcome: 'failed', error: JSON.stringify(error), retry: true };
}

/** What is kept of something that was thrown, which may be anything. `code`: instead of its own. */
export function describeError(thrown: unknown, code?: string, depth = 0): TaskError {
  try {
    return isError(thrown) ? describe(thrown, code, depth) : describeOther(thrown, code);
  } catch {
    // A getter or a proxy of it threw.
    return { code: code ?? 'TASK_FAILED', name: 'Error', message: 'what was thrown cannot be read' };
  }
}

function describe(error: Error, code: string | undefined, depth: number): TaskError {
  const own = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const cause: unknown = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
  return {
    code: code ?? (own === undefined ? 'TASK_FAILED' : storable(own)),
    name: textOf(error.name),
    message: textOf(error.message),
    ...(error.stack !== undefined && { stack: textOf(error.stack) }),
    ...('remedy' in error && typeof error.remedy === 'string' && { remedy: storable(error.remedy) }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describeError(cause, undefined, depth + 1) }),
  };
}

function describeOther(thrown: unknown, code = 'TASK_FAILED'): TaskError {
  return { code, name: 'Error', message: textOf(thrown) };
}

/** Also errors of other realms, such as those of `node:vm`. */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]';
}

/** The text of what should be one, but need not. */
function textOf(value: unknown): string {
  return storable(typeof value === 'string' ? value : inspect(value, { depth: 2, breakLength: Infinity }));
}

/** Text that Postgres can store, of bounded length and without the secrets of its task. */
function storable(text: string): string {
  return redactText(text).slice(0, MAX_TEXT).replaceAll('\0', '\uFFFD').toWellFormed();
}
