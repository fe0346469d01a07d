import { openClient } from '../postgres/dedicated-client.ts';
import { span } from './line.ts';
import type { Output } from './output.ts';
import type { Question } from './questions.ts';
import { drawTable, type Table } from './table.ts';

/** Asks questions of the database and writes each with its SQL and the answer; gives the answers. */
export async function report(
  databaseUrl: string,
  questions: readonly Question[],
  output: Output,
): Promise<Table[]> {
  const client = await openClient(databaseUrl, {
    applicationName: 'pulp demo',
    types: { getTypeParser: () => (text: string | Buffer) => text }, // values as Postgres writes them
  });
  try {
    const answers: Table[] = [];
    for (const { title, sql } of questions) {
      const { fields, rows } = await client.query<(string | null)[]>({ text: sql, rowMode: 'array' });
      const answer = { columns: fields.map((field) => field.name), rows };
      answers.push(answer);
      output.write();
      output.write([span(title, 'bold')]);
      for (const line of sql.split('\n')) output.write([span(`  ${line}`, 'dim')]);
      output.write();
      for (const line of drawTable(answer)) output.write(['  ', ...line]);
    }
    return answers;
  } finally {
    await client.end();
  }
}
