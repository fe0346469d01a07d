import type { Client } from 'pg';

// A comment of SQL that says `columns` and the name of a table, with its schema.
const MARKER = /\/\*columns (\w+\.\w+)\*\//g;

/**
 * A script in which each comment such as `columns pulp.task` is replaced by the names of that table's columns, in their physical
 * order, as the database has them now: the order in which a fold makes the row that a statement stores. So a migration that adds
 * a column leaves no list behind.
 *
 * @throws DatabaseError 42P01 if there is no such table
 */
export async function withColumnLists(client: Client, script: string): Promise<string> {
  const lists = new Map<string, string>();
  for (const [, table = ''] of script.matchAll(MARKER)) {
    if (!lists.has(table)) lists.set(table, await readColumnList(client, table));
  }
  return script.replaceAll(MARKER, (_, table: string) => lists.get(table) ?? '');
}

async function readColumnList(client: Client, table: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(attname) as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  );
  return rows.map(({ name }) => name).join(', ');
}
