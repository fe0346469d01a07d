import { Readable } from 'node:stream';
import { runCommandLine, written } from '../../src/cli/main.ts';
import { inDatabase } from '../../src/postgres/current-database.ts';

/** A command line that a test wants to be run. */
export interface CommandRequest {
  readonly argv: readonly string[];
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Its standard input, in base64. */
  readonly input: string;
  /** What is written to both outputs when the command has ended. */
  readonly mark: string;
}

// Each command adds listeners of its own, and no process of theirs would live to warn of them.
for (const output of [process.stdout, process.stderr]) output.setMaxListeners(0);

/** Runs one command after another, each as in a process of its own, but for the time that loading the program takes. */
process.on('message', (request: CommandRequest) => {
  void perform(request);
});
process.on('disconnect', () => process.exit());

async function perform({ argv, folder, env, input, mark }: CommandRequest): Promise<void> {
  for (const name of Object.keys(process.env)) if (!(name in env)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, env);
  process.chdir(folder);
  Object.defineProperty(process, 'stdin', {
    value: Readable.from(input === '' ? [] : [Buffer.from(input, 'base64')], { objectMode: false }),
    configurable: true,
  });
  process.exitCode = undefined;
  await inDatabase({ url: undefined }, () => runCommandLine(argv));
  const code = process.exitCode ?? 0;
  for (const output of [process.stdout, process.stderr]) {
    output.write(mark);
    await written(output);
  }
  process.send?.(code);
}
