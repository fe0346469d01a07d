import { PulpError } from '../errors.ts';
import { sqlFailure } from '../postgres/sql-error.ts';

/** The item of a batch, by its index, that the database refused; undefined if the error is about something else. */
export function refusedItem(
  error: unknown,
): { readonly index: number; readonly error: PulpError } | undefined {
  if (!(error instanceof PulpError)) return undefined;
  const [, digits] = /^\{"item": (\d+)\}$/.exec(sqlFailure(error.cause)?.detail ?? '') ?? [];
  return digits === undefined ? undefined : { index: Number(digits), error };
}
