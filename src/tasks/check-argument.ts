import type { z } from 'zod';
import { PulpError } from '../errors.ts';

/**
 * Checks arguments by their schema. They are sent as the caller gave them, and parsed again where they run.
 *
 * @param path what is checked, for the message: `args` or `kwargs`
 * @throws PulpError INVALID_INPUT with the path of the bad value
 */
export function checkArgument(schema: z.ZodType | undefined, value: unknown, path: string): void {
  const parsed = schema?.safeParse(value);
  if (parsed?.success !== false) return;
  const [issue] = parsed.error.issues;
  const at = [path, ...(issue?.path ?? [])].map(String).join('.');
  throw new PulpError('INVALID_INPUT', `${at}: ${issue?.message ?? 'is not what the task type takes'}`, {
    remedy: 'Correct this argument; nothing was enqueued.',
    exitCode: 2,
  });
}
