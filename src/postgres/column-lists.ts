import type { Client } from 'pg';

// A comment of SQL that says `columns` and the name of a table, with its schema.
const MARKER = /\/\*columns (\w+\.\w+)\*\//g;

// The same for tasks, with the types of the events by which they are changed, and what is assigned to these columns.
const CHANGED = /\(\/\*columns pulp\.task changed by (\w+(?:, \w+)*)\*\/\) = row\(\(/;

// What the fold of tasks says of each column.
const FIELDS = '/*fields of pulp.task_after*/';

/** Whether lists in a script depend on what the fold of tasks says. */
export function dependsOnFold(script: string): boolean {
  return CHANGED.test(script) || script.includes(FIELDS);
}

/**
 * A script in which the comments that stand for lists of columns are replaced by the names, as the database has them now:
 *
 * - `columns pulp.task`: all columns of that table, in their physical order: the order in which a fold makes the row that a statement
 *   stores. So a migration that adds a column leaves no list behind.
 * - `(columns pulp.task changed by TaskStarted) = row((fold).*)`, with the types of one or several events: those columns alone that the fold
 *   changes by them, on both sides. The fold has to be there, with all that it calls.
 * - `fields of pulp.task_after`: the expressions of which the fold makes a row.
 *
 * @throws DatabaseError 42P01 if there is no such table
 */
export async function withColumnLists(client: Client, script: string): Promise<string> {
  let written = script;
  for (let found = CHANGED.exec(written); found !== null; found = CHANGED.exec(written)) {
    const [head, types = ''] = found;
    const begin = found.index + head.length;
    const end = closingParenthesis(written, begin);
    const fold = written.slice(begin, end);
    const columns = await readChangedColumns(client, types.split(', '));
    written = `${written.slice(0, found.index)}(${columns.join(', ')}) = row(${columns
      .map((column) => `(${fold}).${column}`)
      .join(', ')})${written.slice(end + ').*)'.length)}`;
  }
  if (written.includes(FIELDS)) {
    const fields = await readFoldFields(client);
    written = written.replace(FIELDS, () => fields); // as it is: a text would have its dollar signs interpreted
  }
  const lists = new Map<string, string>();
  for (const [, table = ''] of written.matchAll(MARKER)) {
    if (!lists.has(table)) lists.set(table, (await readColumns(client, table)).join(', '));
  }
  return written.replaceAll(MARKER, (_, table: string) => lists.get(table) ?? '');
}

/** Where the parenthesis is closed within which a text goes on from here. */
function closingParenthesis(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error('a parenthesis is not closed in a script');
}

async function readColumns(client: Client, table: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(attname) as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  );
  return rows.map(({ name }) => name);
}

/** The columns of a task that events of one of these types change: those that the planner does not take as they are. */
async function readChangedColumns(client: Client, types: readonly string[]): Promise<readonly string[]> {
  const columns = await readColumns(client, 'pulp.task');
  const changed = new Set<string>();
  for (const type of types) {
    const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ Plan: { Output: readonly string[] } }] }>(
      `explain (verbose, costs off, format json) select (pulp.evolve_task(t, pulp.task_event(
         e.position, '1', t.id, e.version, '${type}', e.facts, t.correlation_id, null, 'somebody', e.recorded_at))).*
       from pulp.task t cross join rows from (
         unnest('{}'::bigint[]), unnest('{}'::integer[]), unnest('{}'::jsonb[]), unnest('{}'::timestamptz[])
       ) as e(position, version, facts, recorded_at)`,
    );
    const output = rows[0]?.['QUERY PLAN'][0].Plan.Output ?? [];
    columns.forEach((column, place) => {
      if (output[place] !== `t.${column}`) changed.add(column);
    });
  }
  return columns.filter((column) => changed.has(column));
}

async function readFoldFields(client: Client): Promise<string> {
  const { rows } = await client.query<{ fields: string | null }>(
    `select substring(prosrc from '^\\s*select row\\((.*)\\)::pulp.task\\s*$') as fields
     from pg_proc where oid = 'pulp.task_after'::regproc`,
  );
  const fields = rows[0]?.fields;
  if (fields == null) throw new Error('the fold of tasks is no row');
  return fields;
}
