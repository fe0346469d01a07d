import { CLIError } from '@oclif/core/errors';
import { PulpError } from '../errors.ts';
import { isJournal, journalLines, PRIORITY } from '../processes/journal.ts';
import { toPulpError } from '../postgres/sql-error.ts';
import { printable } from './printable.ts';

/** How an error is shown to programs. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/**
 * Tells what went wrong and what to do about it, and sets the exit code: people read it on stderr, programs as
 * `{error: {code, message, remedy}}` on stdout. Only an error that nobody foresaw comes with its stack.
 *
 * @param options.help the command whose `--help` explains a wrong command line
 * @param options.commands those that there are, such as `task list`
 */
export async function reportError(
  thrown: unknown,
  { json, help, commands }: { json: boolean; help: string; commands: () => Promise<readonly string[]> },
): Promise<void> {
  const error = await toKnownError(thrown, help, commands);
  process.exitCode = error instanceof PulpError ? error.exitCode : 1;
  if (json) {
    process.stdout.write(`${JSON.stringify({ error: errorReport(error) }, null, 2)}\n`);
  } else if (error instanceof PulpError) {
    writeError(errorText(error));
  } else {
    writeError(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

function writeError(text: string): void {
  process.stderr.write(isJournal(2) ? journalLines(text, PRIORITY.error) : `${text}\n`);
}

/** An error as text for people: what was wrong, and what to do. */
export function errorText({ message, remedy }: PulpError): string {
  return `Error: ${printable(message)}${remedy === '' ? '' : `\nTry: ${printable(remedy)}`}`;
}

/** An error as programs read it. */
export function errorReport(error: unknown): ErrorReport {
  if (error instanceof PulpError) {
    return { code: error.code, message: error.message, remedy: error.remedy };
  }
  return {
    code: 'UNEXPECTED',
    message: error instanceof Error ? error.message : String(error),
    remedy: 'Run it without --json to see where it comes from.',
  };
}

async function toKnownError(
  thrown: unknown,
  help: string,
  commands: () => Promise<readonly string[]>,
): Promise<unknown> {
  if (!(thrown instanceof CLIError)) return withAddress(toPulpError(thrown));
  const { usageError } = await import('./usage-error.ts');
  return usageError(thrown, help, commands);
}

/** Of a database that cannot be used, which one it is and what named it. */
async function withAddress(error: unknown): Promise<unknown> {
  if (!(error instanceof PulpError) || error.code !== 'DATABASE_UNREACHABLE') return error;
  const { namedDatabaseUrl } = await import('../postgres/database-url.ts');
  const { namingVariable } = await import('../postgres/address/resolve.ts');
  const { addressWithoutPassword } = await import('./database-address.ts');
  const address = namedDatabaseUrl();
  if (address === undefined) return error;
  return new PulpError(error.code, error.message, {
    remedy: `${error.remedy} ${namingVariable(process.env) ?? ''} names ${addressWithoutPassword(address)}`,
    exitCode: error.exitCode,
    cause: error,
  });
}
