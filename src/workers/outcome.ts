import { writePayload } from '../tasks/payload.ts';

/** How a run ended. `result` and `error` are JSON already, so that a batch is written once. */
export type Outcome =
  | { readonly outcome: 'completed'; readonly result: string }
  | { readonly outcome: 'failed'; readonly error: string; readonly retry: boolean }
  | { readonly outcome: 'canceled'; readonly reason: string };

/** An error as tasks record it. */
export interface TaskError {
  /** Stable, for programs. */
  readonly code: string;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: TaskError;
}

/** How much of a message or stack is kept, in characters. */
const MAX_TEXT = 16_384;
/** How many causes of causes are kept. */
const MAX_CAUSES = 8;

/** The run returned this. What is no JSON fails it. */
export function completed(result: unknown): Outcome {
  if (result === undefined || result === null) return { outcome: 'completed', result: 'null' };
  try {
    return { outcome: 'completed', result: writePayload(result, 'result') };
  } catch (error) {
    return failed(error, { retry: false });
  }
}

/** The run threw this. `retry` false: trying again is of no use. */
export function failed(
  thrown: unknown,
  { code, retry = true }: { code?: string; retry?: boolean } = {},
): Outcome {
  return { outcome: 'failed', error: JSON.stringify(describeError(thrown, code)), retry };
}

/** What is kept of something that was thrown, which may be anything. */
export function describeError(thrown: unknown, code?: string, depth = 0): TaskError {
  if (!(thrown instanceof Error)) {
    return { code: code ?? 'TASK_FAILED', name: 'Error', message: storable(String(thrown)) };
  }
  const own = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  return {
    code: code ?? own ?? 'TASK_FAILED',
    name: storable(thrown.name),
    message: storable(thrown.message),
    ...(thrown.stack === undefined ? {} : { stack: storable(thrown.stack) }),
    ...(thrown.cause === undefined || depth >= MAX_CAUSES
      ? {}
      : { cause: describeError(thrown.cause, undefined, depth + 1) }),
  };
}

/** Text that Postgres can store, of bounded length. */
function storable(text: string): string {
  return text.slice(0, MAX_TEXT).replaceAll('\0', '\uFFFD').toWellFormed();
}
