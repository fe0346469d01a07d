import { stripVTControlCharacters } from 'node:util';
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
 */
export function reportError(thrown: unknown, { json, help }: { json: boolean; help: string }): void {
  const error = toKnownError(thrown, help);
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

function toKnownError(thrown: unknown, help: string): unknown {
  return thrown instanceof CLIError ? fromOclif(thrown, help) : toPulpError(thrown);
}

/** What oclif says of a command line, in our form. */
function fromOclif(error: CLIError, help: string): PulpError {
  const said = stripVTControlCharacters(error.message);
  const [, unknown] = /^command (.+) not found$/.exec(said) ?? [];
  const message =
    unknown === undefined
      ? said
          .replace('\nSee more help with --help', '')
          .replace(/^Parsing (--\S+) \n\t/, '$1: ')
          .replace(/^The following errors? occurred:\n +/, '')
      : `there is no command ${unknown.replaceAll(':', ' ')}`;
  return new PulpError('BAD_USAGE', message, {
    remedy: `\`${help} --help\` shows what can be said.`,
    exitCode: 2,
    cause: error,
  });
}
