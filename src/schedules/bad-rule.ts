import { PulpError } from '../errors.ts';

/** What is thrown for a rule that cannot be read, or that says what is not taken here. */
export function badRule(problem: string, remedy: string, cause?: unknown): PulpError {
  return new PulpError('BAD_SCHEDULE', problem, { remedy, cause, exitCode: 2 });
}
