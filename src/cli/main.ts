import { setTimeout as pause } from 'node:timers/promises';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { commandFiles } from './command-files.ts';
import { commandNames } from './command-names.ts';
import { packageDescription, ROOT } from './package-description.ts';
import { reportError } from './report-error.ts';

/** How long a reader of stderr that does not read may hold up the end of the process, in milliseconds. */
const FLUSH_MS = 5000;

/** Runs one command line and ends the process. */
export async function main(argv: readonly string[] = process.argv.slice(2)): Promise<never> {
  await runCommandLine(argv);
  await written(process.stdout);
  await Promise.race([written(process.stderr), pause(FLUSH_MS, undefined, { ref: false })]);
  // A tasks file that we loaded may have opened things that would keep the process alive.
  process.exit();
}

/** Runs one command line, reports what went wrong, and sets the exit code of the process. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  settings.enableAutoTranspile = false;
  const words = withoutHelpTopic(argv);
  try {
    await run(words, { root: ROOT, pjson: await packageDescription(commandFiles(words)) });
  } catch (error) {
    await reportError(error, { json: argv.includes('--json'), help: 'pulp', commands: commandNames });
  }
}

/** Waits until all output is on its way, or its reader is gone. */
export function written(output: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    output.write('', () => {
      resolve();
    });
  });
}

/** `pulp help task list` is `pulp task list --help`. */
function withoutHelpTopic(argv: readonly string[]): string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
}
