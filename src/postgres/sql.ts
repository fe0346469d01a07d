import { createSqlTag } from '@slonik/sql-tag';

/**
 * slonik's tag for statements and their parts. The pool itself is loaded at its first use (see `getConnection`): most
 * horses never need one, and are ready in half the time.
 */
export const sql = createSqlTag();

/** A list of texts, as an array of Postgres. */
export function textArray(values: readonly string[]) {
  return sql.array([...values], 'text');
}
