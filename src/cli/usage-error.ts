import { stripVTControlCharacters } from 'node:util';
import { CLIError } from '@oclif/core/errors';
import { PulpError } from '../errors.ts';
import { nearest } from './nearest.ts';

/** What oclif's errors about flags also have. */
interface Parsed {
  readonly flags?: readonly string[];
  readonly parse?: { readonly input?: { readonly flags?: Readonly<Record<string, unknown>> } };
}

/**
 * What oclif says of a command line, in our form.
 *
 * @param help the command whose `--help` explains it
 * @param commands those that there are, such as `task list`
 */
export async function usageError(
  error: CLIError & Parsed,
  help: string,
  commands: () => Promise<readonly string[]>,
): Promise<PulpError> {
  const said = stripVTControlCharacters(error.message);
  const refuse = (message: string, remedy = `\`${help} --help\` shows what can be said.`) =>
    new PulpError('BAD_USAGE', message, { remedy, exitCode: 2, cause: error });

  const [, unknown] = /^command (.+) not found$/.exec(said) ?? [];
  if (unknown !== undefined) return unknownCommand(unknown.split(':'), await commands(), refuse);
  const [flag] = error.flags ?? [];
  if (flag !== undefined && said.startsWith('Nonexistent flag')) {
    const known = Object.keys(error.parse?.input?.flags ?? {}).map((name) => `--${name}`);
    const meant = nearest(flag, known);
    return refuse(
      `there is no flag ${flag}`,
      meant === undefined ? undefined : `Is it ${meant}? \`${help} --help\` shows all.`,
    );
  }
  return refuse(
    said
      .replace('\nSee more help with --help', '')
      .replace(/^Parsing (--\S+) \n\t/, '$1: ')
      .replace(/^The following errors? occurred:\n +/, ''),
  );
}

function unknownCommand(
  words: readonly string[],
  commands: readonly string[],
  refuse: (message: string, remedy?: string) => PulpError,
): PulpError {
  const said = words.join(' ');
  const command = commands.findLast((known) => said.startsWith(`${known} `)); // sorted: the longest
  if (command !== undefined) {
    const extra = said.slice(command.length + 1);
    return refuse(
      `${command} takes no argument ${extra}`,
      `\`pulp ${command} --help\` shows what can be said.`,
    );
  }
  const meant = nearest(said, commands);
  return refuse(
    `there is no command ${said}`,
    meant === undefined ? undefined : `Is it \`pulp ${meant}\`? \`pulp --help\` shows all.`,
  );
}
