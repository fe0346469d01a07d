import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { DatabaseError } from 'pg';
import { PulpError } from '../errors.ts';
import { prose } from '../cli/prose.ts';
import { PulpCommand } from '../cli/pulp-command.ts';
import { formatTable } from '../cli/table.ts';

export default class Sql extends PulpCommand {
  static override readonly summary = 'Ask the database something, in SQL.';
  static override readonly description = prose(`
One statement, which may only read unless --write is given. Tables and columns have comments; README and docs name the most useful ones.
For more than one statement there is \`pulp db psql\`, which takes psql.`);
  static override readonly examples = [
    `<%= config.bin %> <%= command.id %> 'select name, state, worker from pulp.task'`,
    `<%= config.bin %> <%= command.id %> --json "select * from pulp.history('01992f6e-8f3c-7000-8000-5bd2d31c4f0a')"`,
  ];

  static override readonly args = {
    statement: Args.string({ description: 'The statement.', required: true, ignoreStdin: true }),
  };

  static override readonly flags = {
    write: Flags.boolean({ summary: 'Let it write, too.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Sql);
    const { getDatabaseUrl } = await import('../postgres/database-url.ts');
    const { connectDedicated } = await import('../postgres/dedicated-client.ts');
    const { toPulpError } = await import('../postgres/sql-error.ts');
    const settings = { default_transaction_read_only: flags.write ? 'off' : 'on' };
    const client = await connectDedicated(await getDatabaseUrl(), 'pulp sql', { settings });
    try {
      // By name it is a statement of its own: several in one text are refused.
      const { fields, rows, rowCount } = await client.query<unknown[]>({
        ...{ name: 'pulp sql', text: args.statement, rowMode: 'array' },
      });
      const names = fields.map(({ name }) => name);
      if (names.length === 0) this.log(`${rowCount ?? 0} rows.`);
      else
        this.log(
          formatTable(
            names,
            rows.map((row) => row.map(cellText)),
          ),
        );
      return rows.map((row) => Object.fromEntries(names.map((name, column) => [name, row[column]])));
    } catch (error) {
      throw refusal(error) ?? toPulpError(error);
    } finally {
      await client.end();
    }
  }
}

/** What Postgres says of the statement; undefined: it says nothing, the connection was lost. */
function refusal(error: unknown): PulpError | undefined {
  const { severity, code, message, hint, position } = error as Partial<DatabaseError>;
  if (severity === undefined) return undefined;
  const place = position === undefined ? '' : ` at character ${position}`;
  return new PulpError('STATEMENT_REFUSED', `${String(message)}${place} (SQLSTATE ${String(code)})`, {
    remedy: code === '25006' ? 'Give --write if that is meant.' : (hint ?? 'Correct the statement.'),
    exitCode: 2,
    cause: error,
  });
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}
