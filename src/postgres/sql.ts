import type * as SqlTags from '@slonik/sql-tag';
import { deferredModule } from '../deferred-module.ts';

type SqlTag = ReturnType<typeof SqlTags.createSqlTag>;

const tags = deferredModule('@slonik/sql-tag') as () => typeof SqlTags;
let made: SqlTag | undefined;

const tag = (): SqlTag => (made ??= tags().createSqlTag());

/** slonik's tag for statements and their parts, loaded at its first use like the pool itself (see `getConnection`). */
export const sql = new Proxy({} as SqlTag, { get: (_, name) => Reflect.get(tag(), name) as unknown });

/** A list of texts, as an array of Postgres. */
export function textArray(values: readonly string[]) {
  return sql.array([...values], 'text');
}
