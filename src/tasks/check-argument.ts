import type { z } from 'zod';
import { PulpError } from '../errors.ts';
import { secretsIn } from '../secrets/arguments.ts';
import { redactFrom } from '../secrets/redaction.ts';
import type { SecretPlace } from '../secrets/secret-places.ts';

/**
 * Checks arguments by their schema. They are sent as the caller gave them, and parsed again where they run.
 *
 * @param path what is checked
 * @param secrets where in `{ args, kwargs }` secrets are, which no message shows
 * @throws PulpError INVALID_INPUT with the path of the bad value
 */
export function checkArgument(
  schema: z.ZodType | undefined,
  value: unknown,
  path: 'args' | 'kwargs',
  secrets: readonly SecretPlace[],
): void {
  const parsed = schema?.safeParse(value);
  if (parsed?.success !== false) return;
  // A schema's own messages may quote the value.
  const problem = redactFrom(
    secretsIn({ args: undefined, kwargs: undefined, [path]: value }, secrets),
    argumentProblem(parsed.error, path),
  );
  throw new PulpError('INVALID_INPUT', problem, {
    remedy: 'Correct this argument; nothing was enqueued.',
    exitCode: 2,
  });
}

/** What a schema says is wrong with arguments first, after the path of the bad value. */
export function argumentProblem({ issues }: z.ZodError, path: 'args' | 'kwargs'): string {
  const [issue] = issues;
  const at = [path, ...(issue?.path ?? [])].map(String).join('.');
  return `${at}: ${issue?.message ?? 'is not what the task type takes'}`;
}
