import type * as SqlTags from '@slonik/sql-tag';
import { deferredModule } from '../deferred-module.ts';

type SqlTag = ReturnType<typeof SqlTags.createSqlTag>;

const tags = deferredModule('@slonik/sql-tag') as () => typeof SqlTags;
let made: SqlTag | undefined;

const tag = (): SqlTag => (made ??= tags().createSqlTag());

/** slonik's tag for statements and their parts, loaded at its first use like the pool itself (see `getConnection`). */
export const sql: Pick<SqlTag, 'array' | 'fragment' | 'identifier' | 'join' | 'type' | 'unsafe'> = {
  get array() {
    return tag().array;
  },
  get fragment() {
    return tag().fragment;
  },
  get identifier() {
    return tag().identifier;
  },
  get join() {
    return tag().join;
  },
  get type() {
    return tag().type;
  },
  get unsafe() {
    return tag().unsafe;
  },
};

/** A list of texts, as an array of Postgres. */
export function textArray(values: readonly string[]) {
  return sql.array([...values], 'text');
}
