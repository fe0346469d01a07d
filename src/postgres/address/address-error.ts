import { PulpError } from '../../errors.ts';

/** An address, or what stands for a part of it, that cannot be used as it is; it never cites what may hold a password. */
export function addressError(problem: string, remedy: string, cause?: unknown): PulpError {
  return new PulpError('INVALID_INPUT', problem, { remedy, exitCode: 2, cause });
}
