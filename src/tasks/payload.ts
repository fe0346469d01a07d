import { MOST_LEVELS } from '../constants.ts';
import { PulpError } from '../errors.ts';

/** How large arguments and results may be, in bytes of JSON. */
const MAX_BYTES = 1024 * 1024;

/**
 * Writes a payload (arguments, a result, a progress report) as JSON, refusing what would not arrive as it was sent.
 * The database refuses the same; here the path of the bad value can still be told.
 *
 * @param path what the payload is, for the message: `args`, `kwargs`, `result`
 * @throws PulpError INVALID_INPUT naming the path of the bad value
 */
export function writePayload(payload: unknown, path: string): string {
  checkValue(payload, path, 1);
  const written = JSON.stringify(payload ?? null);
  const bytes = Buffer.byteLength(written);
  if (bytes > MAX_BYTES) throw invalid(path, `is ${bytes} bytes long; at most ${MAX_BYTES} are allowed`);
  return written;
}

/** Checks each member of an object as a payload that has its name. @throws as `writePayload` */
export function checkMembersApart(object: object): void {
  for (const [name, value] of Object.entries(object) as [string, unknown][]) checkValue(value, name, 1);
}

function checkValue(value: unknown, path: string, depth: number): void {
  switch (typeof value) {
    case 'string':
      if (value.includes('\0')) throw invalid(path, 'holds a NUL character, which Postgres cannot store');
      if (!value.isWellFormed()) throw invalid(path, 'holds half of a surrogate pair, which is no text');
      return;
    case 'number':
      if (!Number.isFinite(value)) throw invalid(path, `is ${value}, which is not a number of JSON`);
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        throw invalid(
          path,
          'is an integer beyond 2^53 - 1, which JavaScript cannot hold exactly; send it as a string',
        );
      }
      return;
    case 'boolean':
    case 'undefined':
      return;
    case 'object':
      if (value !== null) checkMembers(value, path, depth);
      return;
    default:
      throw invalid(path, `is a ${typeof value}, which JSON cannot hold`);
  }
}

function checkMembers(value: object, path: string, depth: number): void {
  if (depth > MOST_LEVELS) throw invalid(path, `is nested deeper than ${MOST_LEVELS} levels`);
  if (Array.isArray(value)) {
    value.forEach((member: unknown, index) => {
      if (member === undefined)
        throw invalid(`${path}[${index}]`, 'is undefined, which JSON cannot hold in an array');
      checkValue(member, `${path}[${index}]`, depth + 1);
    });
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw invalid(path, `is a ${value.constructor.name}, not a plain object; send its parts`);
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw invalid(`${path}.__proto__`, 'this key is not allowed');
    checkValue(key, `${path}: a key`, depth);
    checkValue((value as Record<string, unknown>)[key], `${path}.${key}`, depth + 1);
  }
}

function invalid(path: string, problem: string): PulpError {
  return new PulpError('INVALID_INPUT', `${path}: ${problem}`, {
    remedy: 'Correct this value.',
    exitCode: 2,
  });
}
